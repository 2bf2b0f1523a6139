/* Buffered files and formatted output. */
#ifndef _STDIO_H
#define _STDIO_H

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#define EOF          (-1)
#define BUFSIZ       1024
#define FILENAME_MAX 1024
#define FOPEN_MAX    64

#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif

#define _IOFBF 0
#define _IOLBF 1
#define _IONBF 2

typedef struct __file FILE;

extern FILE __stdin_file, __stdout_file, __stderr_file;
#define stdin  (&__stdin_file)
#define stdout (&__stdout_file)
#define stderr (&__stderr_file)

#define __PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

FILE *fopen(const char *restrict path, const char *restrict mode);
FILE *fdopen(int fd, const char *mode);
int fclose(FILE *f);
int fflush(FILE *f);
int fileno(FILE *f);
int feof(FILE *f);
int ferror(FILE *f);
void clearerr(FILE *f);
int fseek(FILE *f, long offset, int whence);
long ftell(FILE *f);
void rewind(FILE *f);
int setvbuf(FILE *restrict f, char *restrict buf, int mode, size_t size);

size_t fread(void *restrict dst, size_t size, size_t n, FILE *restrict f);
size_t fwrite(const void *restrict src, size_t size, size_t n, FILE *restrict f);
int fgetc(FILE *f);
int getc(FILE *f);
int getchar(void);
int ungetc(int c, FILE *f);
char *fgets(char *restrict s, int size, FILE *restrict f);
ssize_t getline(char **restrict line, size_t *restrict cap, FILE *restrict f);
ssize_t getdelim(char **restrict line, size_t *restrict cap, int delim, FILE *restrict f);
int fputc(int c, FILE *f);
int putc(int c, FILE *f);
int putchar(int c);
int fputs(const char *restrict s, FILE *restrict f);
int puts(const char *s);

int printf(const char *restrict fmt, ...) __PRINTF(1, 2);
int fprintf(FILE *restrict f, const char *restrict fmt, ...) __PRINTF(2, 3);
int dprintf(int fd, const char *restrict fmt, ...) __PRINTF(2, 3);
int snprintf(char *restrict s, size_t size, const char *restrict fmt, ...) __PRINTF(3, 4);
int sprintf(char *restrict s, const char *restrict fmt, ...) __PRINTF(2, 3);
int vprintf(const char *restrict fmt, va_list ap) __PRINTF(1, 0);
int vfprintf(FILE *restrict f, const char *restrict fmt, va_list ap) __PRINTF(2, 0);
int vsnprintf(char *restrict s, size_t size, const char *restrict fmt, va_list ap) __PRINTF(3, 0);
int vsprintf(char *restrict s, const char *restrict fmt, va_list ap) __PRINTF(2, 0);
void perror(const char *what);

/*
 * Formatting a double takes more code than all else in printf, and most programs never do. The compiler
 * sees the types of the arguments: where no double is among them, a call means the twin of the
 * function, which knows no doubles. So they are in a program exactly if it can print one: a pointer to
 * printf, and the functions that take a va_list, know them always.
 */
int __plain_printf(const char *restrict fmt, ...) __PRINTF(1, 2);
int __plain_fprintf(FILE *restrict f, const char *restrict fmt, ...) __PRINTF(2, 3);
int __plain_dprintf(int fd, const char *restrict fmt, ...) __PRINTF(2, 3);
int __plain_snprintf(char *restrict s, size_t size, const char *restrict fmt, ...) __PRINTF(3, 4);
int __plain_sprintf(char *restrict s, const char *restrict fmt, ...) __PRINTF(2, 3);

#define printf(...)   __TWIN(printf, __VA_ARGS__)
#define fprintf(...)  __TWIN(fprintf, __VA_ARGS__)
#define dprintf(...)  __TWIN(dprintf, __VA_ARGS__)
#define snprintf(...) __TWIN(snprintf, __VA_ARGS__)
#define sprintf(...)  __TWIN(sprintf, __VA_ARGS__)
#define __TWIN(name, ...)                                                                          \
    __builtin_choose_expr(__SCAN(__HAS_DOUBLE(__VA_ARGS__)), name, __plain_##name)(__VA_ARGS__)

#define __IS_DOUBLE(x) _Generic((x), float : 1, double : 1, long double : 1, default : 0)
/* A macro does not expand itself: each scan of the text takes one argument, and there are hundreds. */
#define __HAS_DOUBLE(x, ...) (__IS_DOUBLE(x) __VA_OPT__(| __HAS_DOUBLE_ __PARENS(__VA_ARGS__)))
#define __HAS_DOUBLE_()      __HAS_DOUBLE
#define __PARENS             ()
#define __SCAN(...)          __SCAN16(__SCAN16(__SCAN16(__SCAN16(__SCAN16(__VA_ARGS__)))))
#define __SCAN16(...)        __SCAN4(__SCAN4(__SCAN4(__SCAN4(__VA_ARGS__))))
#define __SCAN4(...)         __SCAN1(__SCAN1(__SCAN1(__SCAN1(__VA_ARGS__))))
#define __SCAN1(...)         __VA_ARGS__

int remove(const char *path);
int rename(const char *from, const char *to);

#endif
