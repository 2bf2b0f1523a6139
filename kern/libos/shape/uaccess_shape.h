/* User memory in the fused shape: the application's pointers are ours. */
#pragma once
#include "kern/core/string.h"
#include "kern/core/util.h"
#include "kern/sys/errno.h"

struct futex_key {
    uintptr_t space, addr;
};

static inline int copy_from_user(void *dst, const void *user_src, size_t n)
{
    memcpy(dst, user_src, n);
    return 0;
}

static inline int copy_to_user(void *user_dst, const void *src, size_t n)
{
    memcpy(user_dst, src, n);
    return 0;
}

static inline int clear_user(void *user_dst, size_t n)
{
    memset(user_dst, 0, n);
    return 0;
}

static inline long string_from_user(char *dst, const char *user_src, size_t size)
{
    size_t length = strnlen(user_src, size);
    if (length == size)
        return -ENAMETOOLONG;
    memcpy(dst, user_src, length + 1);
    return (long)length;
}

static inline int user_array_get(const void **array, const void *user, size_t size, void *few,
                                 size_t few_size)
{
    (void)size, (void)few, (void)few_size;
    *array = user;
    return 0;
}

static inline void user_array_put(const void *array, const void *few)
{
    (void)array, (void)few;
}

static inline int load_user_u32(const unsigned *user_src, unsigned *value)
{
    *value = __atomic_load_n(user_src, __ATOMIC_SEQ_CST);
    return 0;
}

static inline int futex_key(const unsigned *user_addr, struct futex_key *key)
{
    *key = (struct futex_key){0, (uintptr_t)user_addr};
    return 0;
}
