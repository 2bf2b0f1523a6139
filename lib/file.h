/* file.h - the inside of a FILE, known to the stdio files of this libc only. */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include "libc.h"

#include <stdio.h>

/*
 * One buffer serves one direction at a time:
 *
 *      writing:  buf [ waiting to be written ............ | free ]
 *                                                         end           cap
 *      reading:  buf [ already given | still to be given | stale ]
 *                                    pos                 end            cap
 */
struct __file {
    int fd;
    int lock; /* guards everything below; see libc.h */
    unsigned flags;
    unsigned char *buf;
    size_t cap;
    size_t pos;
    size_t end;
    /* read(), or what does the same for descriptors that are not the console's; NULL: output only */
    ssize_t (*read)(int fd, void *dst, size_t n);
    struct __file *next; /* in the list of open files, guarded by that list's lock */
};

enum {
    F_UNKNOWN = 1 << 0, /* buffering not yet decided: it depends on whether fd is a terminal */
    F_LINE = 1 << 1,    /* write out after each newline */
    F_NONE = 1 << 2,    /* write out at once */
    F_WRITING = 1 << 3, /* the buffer holds output */
    F_EOF = 1 << 4,
    F_ERROR = 1 << 5,
    F_HEAP = 1 << 6, /* the FILE came from malloc */
};

/* Every FILE but the standard ones; flushed at exit. */
extern struct __file *__open_files;
extern int __open_files_lock;

/* These expect the FILE's lock to be held. */
int __file_flush(FILE *f);                                 /* 0 or EOF */
size_t __file_write(FILE *f, const char *src, size_t n);   /* bytes taken */
size_t __file_read(FILE *f, unsigned char *dst, size_t n); /* bytes given */
int __file_fill(FILE *f);                                  /* 0 if a byte can be read, else EOF */

/* Gives what was read ahead back to the descriptor. Set by whoever reads ahead, so that a program that
 * only writes does not carry it. */
extern void (*__file_give_back)(FILE *f);

/* The formatter: hands out the text in pieces. */
struct conversion;
struct text_sink {
    void (*put)(struct text_sink *sink, const char *text, size_t n);
    /* __format_double, or NULL: there are no doubles among the arguments (stdio.h). */
    void (*put_double)(struct text_sink *sink, const struct conversion *c, double value);
    size_t total; /* of all text so far, kept by the formatter */
};

void __format(struct text_sink *sink, const char *fmt, va_list ap);

/* One printf conversion, as parsed from its '%'. */
struct conversion {
    char type;      /* the letter */
    char sign;      /* what stands before a number that is not negative: '+', ' ' or 0 */
    char left;      /* '-' was given */
    char zero;      /* '0' was given */
    char alternate; /* '#' was given */
    int width;
    int precision; /* -1: none given */
};

/* What one conversion became. Padding goes outside, except where flag 0 asks for more zeros. */
struct pieces {
    const char *prefix;
    size_t zeros;
    const char *body;
    size_t body_length;
    size_t zeros_after; /* of a double whose precision is beyond its last digit */
    const char *tail;   /* its exponent */
};

void __format_pieces(struct text_sink *sink, const struct conversion *c, const struct pieces *p);
void __format_double(struct text_sink *sink, const struct conversion *c, double value);

#endif
