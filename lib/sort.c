/* sort.c - heap sort (in place, no recursion, n log n always) and binary search. */
#include <stdlib.h>

typedef int compare_fn(const void *, const void *);

static void swap(char *a, char *b, size_t size)
{
    for (; size > 0; size--, a++, b++) {
        char c = *a;
        *a = *b;
        *b = c;
    }
}

/* Lets the element at root sink until both children are not above it. */
static void sink(char *base, size_t root, size_t n, size_t size, compare_fn *cmp)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && cmp(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (cmp(base + root * size, base + child * size) >= 0)
            return;
        swap(base + root * size, base + child * size, size);
    }
}

void qsort(void *array, size_t n, size_t size, compare_fn *cmp)
{
    char *base = array;
    for (size_t i = n / 2; i-- > 0;)
        sink(base, i, n, size, cmp);
    for (size_t last = n; last-- > 1;) {
        swap(base, base + last * size, size);
        sink(base, 0, last, size, cmp);
    }
}

void *bsearch(const void *key, const void *base, size_t n, size_t size, compare_fn *cmp)
{
    const char *low = base;
    while (n > 0) {
        const char *middle = low + n / 2 * size;
        int order = cmp(key, middle);
        if (order == 0)
            return (void *)middle;
        if (order > 0) {
            low = middle + size;
            n--;
        }
        n /= 2;
    }
    return NULL;
}
