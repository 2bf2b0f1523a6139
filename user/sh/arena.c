/* arena.c - memory in blocks, freed together or back to a mark. */
#include "sh.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 2000, ALIGN = 16 };

struct arena_block {
    struct arena_block *below;
    size_t used, size;
    _Alignas(ALIGN) char bytes[];
};

struct arena scratch;

static void push_block(struct arena *a, size_t need)
{
    size_t size = need > BLOCK ? need : BLOCK;
    struct arena_block *b = malloc(sizeof(*b) + size);
    if (b == NULL)
        errx(2, "out of memory");
    *b = (struct arena_block){.below = a->top, .size = size};
    a->top = b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (a->top == NULL || a->top->size - a->top->used < size)
        push_block(a, size);
    void *p = a->top->bytes + a->top->used;
    a->top->used += size;
    return memset(p, 0, size);
}

char *arena_copy(struct arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    memcpy(copy, s, n);
    return copy;
}

struct arena_mark arena_mark(struct arena *a)
{
    return (struct arena_mark){a->top, a->top != NULL ? a->top->used : 0};
}

void arena_release(struct arena *a, struct arena_mark mark)
{
    while (a->top != mark.block) {
        struct arena_block *b = a->top;
        a->top = b->below;
        free(b);
    }
    if (a->top != NULL)
        a->top->used = mark.used;
}

void arena_free(struct arena *a)
{
    if (!a->keep)
        arena_release(a, (struct arena_mark){NULL, 0});
}

void text_add(struct text *t, const char *s, size_t n)
{
    if (t->s == NULL || t->n + n + 1 > t->capacity) {
        size_t capacity = 2 * (t->n + n) + 32;
        char *bigger = arena_alloc(t->arena, capacity);
        if (t->n > 0)
            memcpy(bigger, t->s, t->n);
        t->s = bigger;
        t->capacity = capacity;
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

void text_add_char(struct text *t, char c)
{
    text_add(t, &c, 1);
}
