/* Integers, sizes and the few macros every file uses. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KiB 1024UL
#define MiB (1024UL * KiB)
#define GiB (1024UL * MiB)

#define ARRAY_LEN(array)     (sizeof(array) / sizeof((array)[0]))
#define ALIGN_DOWN(x, align) ((x) & ~((align)-1))
#define ALIGN_UP(x, align)   ALIGN_DOWN((x) + (align)-1, (align))

#define MIN(a, b)                                                                                  \
    ({                                                                                             \
        __typeof__(a) min_a_ = (a);                                                                \
        __typeof__(b) min_b_ = (b);                                                                \
        min_a_ < min_b_ ? min_a_ : min_b_;                                                         \
    })
#define MAX(a, b)                                                                                  \
    ({                                                                                             \
        __typeof__(a) max_a_ = (a);                                                                \
        __typeof__(b) max_b_ = (b);                                                                \
        max_a_ > max_b_ ? max_a_ : max_b_;                                                         \
    })

/* The structure that holds `member` at address `pointer`. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
