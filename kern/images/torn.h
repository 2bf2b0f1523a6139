/* torn.h - put in front of a source by the build of the image `torn` (torn.c says what for). */
#pragma once
#include "kern/mem/uaccess.h"

int torn_copy_from_user(void *dst, const void *user_src, size_t n);
int torn_copy_to_user(void *user_dst, const void *src, size_t n);
int torn_clear_user(void *user_dst, size_t n);
long torn_string_from_user(char *dst, const char *user_src, size_t size);

#define copy_from_user   torn_copy_from_user
#define copy_to_user     torn_copy_to_user
#define clear_user       torn_clear_user
#define string_from_user torn_string_from_user
