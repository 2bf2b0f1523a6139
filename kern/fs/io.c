/* Moving the bytes of reads and writes, piece by piece. */
#include "kern/fs/io.h"
#include "kern/core/string.h"
#include "kern/sys/errno.h"

/* How many of n bytes the piece in hand has room for; goes to the next one when it is used up. */
static size_t in_hand(struct io *io, size_t n)
{
    while (io->piece == 0) {
        io->base = (uintptr_t)io->more->iov_base;
        io->piece = io->more->iov_len;
        io->more++;
        io->nmore--;
    }
    return MIN(n, io->piece);
}

int io_put_pieces(struct io *io, const void *src, size_t n)
{
    const char *from = src;
    while (n > 0) {
        size_t step = in_hand(io, n);
        if (io->kernel)
            memcpy((void *)io->base, from, step);
        else if (copy_to_user((void *)io->base, from, step) != 0)
            return -EFAULT;
        io_advance(io, step);
        from += step;
        n -= step;
    }
    return 0;
}

int io_take_pieces(struct io *io, void *dst, size_t n)
{
    char *to = dst;
    while (n > 0) {
        size_t step = in_hand(io, n);
        if (io->kernel)
            memcpy(to, (const void *)io->base, step);
        else if (copy_from_user(to, (const void *)io->base, step) != 0)
            return -EFAULT;
        io_advance(io, step);
        to += step;
        n -= step;
    }
    return 0;
}

int io_put_zeros(struct io *io, size_t n)
{
    while (n > 0) {
        size_t step = in_hand(io, n);
        if (io->kernel)
            memset((void *)io->base, 0, step);
        else if (clear_user((void *)io->base, step) != 0)
            return -EFAULT;
        io_advance(io, step);
        n -= step;
    }
    return 0;
}
