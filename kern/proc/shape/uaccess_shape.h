/* User memory in the kernel shape: kern/mem/uaccess.c walks the process's page table. */
#pragma once
#include "kern/core/util.h"

struct futex_key {
    uintptr_t space, addr;
};

int copy_from_user(void *dst, const void *user_src, size_t n);
int copy_to_user(void *user_dst, const void *src, size_t n);
int clear_user(void *user_dst, size_t n);
long string_from_user(char *dst, const char *user_src, size_t size);
int user_array_get(const void **array, const void *user, size_t size, void *few, size_t few_size);
void user_array_put(const void *array, const void *few);
int load_user_u32(const unsigned *user_src, unsigned *value);
int futex_key(const unsigned *user_addr, struct futex_key *key);
