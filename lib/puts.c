/* puts.c - writing characters and strings that need no formatting. */
#include "file.h"

#include <string.h>

size_t fwrite(const void *restrict src, size_t size, size_t n, FILE *restrict f)
{
    if (size == 0 || n == 0)
        return 0;
    libc_lock(&f->lock);
    size_t done = __file_write(f, src, size * n);
    libc_unlock(&f->lock);
    return done / size;
}

int fputs(const char *restrict s, FILE *restrict f)
{
    size_t n = strlen(s);
    return fwrite(s, 1, n, f) == n ? 0 : EOF;
}

int puts(const char *s)
{
    size_t n = strlen(s);
    libc_lock(&stdout->lock);
    int ok = __file_write(stdout, s, n) == n && __file_write(stdout, "\n", 1) == 1;
    libc_unlock(&stdout->lock);
    return ok ? 0 : EOF;
}

int fputc(int c, FILE *f)
{
    char byte = (char)c;
    return fwrite(&byte, 1, 1, f) == 1 ? (unsigned char)c : EOF;
}

int putc(int c, FILE *f)
{
    return fputc(c, f);
}

int putchar(int c)
{
    return fputc(c, stdout);
}
