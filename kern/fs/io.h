/* Where the bytes of a read come to, or those of a write come from.
 *
 * A file system moves bytes with io_put() (read) and io_take() (write) and need not know whether the
 * other end is the application's memory, possibly in several pieces, or the kernel's own.
 */
#pragma once
#include "kern/mem/uaccess.h"
#include "kern/sys/abi.h"

struct io {
    uintptr_t base;           /* the piece in hand */
    size_t piece;             /* bytes left in it */
    const struct iovec *more; /* kernel copies of the pieces that follow */
    size_t nmore;
    size_t left; /* bytes left in all */
    bool kernel; /* memory of the kernel, not of the application */
};

static inline struct io io_user(const void *base, size_t n)
{
    return (struct io){.base = (uintptr_t)base, .piece = n, .left = n};
}

static inline struct io io_kernel(const void *base, size_t n)
{
    return (struct io){.base = (uintptr_t)base, .piece = n, .left = n, .kernel = true};
}

/* `total` is what the pieces add up to, or less: the rest is not touched. */
static inline struct io io_vector(const struct iovec *pieces, size_t count, size_t total)
{
    return (struct io){.more = pieces, .nmore = count, .left = total};
}

/* Move n <= io->left bytes and advance. 0 or -EFAULT; then how many bytes went before is unknown, and
 * the io is of no more use. May sleep. */
int io_put_pieces(struct io *io, const void *src, size_t n);
int io_take_pieces(struct io *io, void *dst, size_t n);
int io_put_zeros(struct io *io, size_t n);

static inline void io_advance(struct io *io, size_t n)
{
    io->base += n;
    io->piece -= n;
    io->left -= n;
}

/* The common case, all in one piece of the application's memory, is short enough to stand in line. */
static inline int io_put(struct io *io, const void *src, size_t n)
{
    if (unlikely(n > io->piece || io->kernel))
        return io_put_pieces(io, src, n);
    int error = copy_to_user((void *)io->base, src, n);
    io_advance(io, n);
    return error;
}

static inline int io_take(struct io *io, void *dst, size_t n)
{
    if (unlikely(n > io->piece || io->kernel))
        return io_take_pieces(io, dst, n);
    int error = copy_from_user(dst, (const void *)io->base, n);
    io_advance(io, n);
    return error;
}
