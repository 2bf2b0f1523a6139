/* What a program says of its heap when it ends, with HEAP_STATS=1. Written without printf, which might
 * want memory. Included by names.h. */
#pragma once
#include <onering/syscalls.h>

#define REPORT_STDERR 2

static char *add_text(char *at, const char *text)
{
    while (*text)
        *at++ = *text++;
    return at;
}

static char *add_number(char *at, size_t number)
{
    char digits[24], *first = digits + sizeof(digits);
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    while (first < digits + sizeof(digits))
        *at++ = *first++;
    return at;
}

__attribute__((destructor)) static void report_heap(void)
{
    const struct {
        const char *text;
        size_t number;
    } facts[] = {
        {": live bytes ", program_heap.stats.live_bytes},
        {" in blocks ", program_heap.stats.live_blocks},
        {", peak bytes ", program_heap.stats.peak_bytes},
        {", requests ", program_heap.stats.requests},
        {", failed ", program_heap.stats.failures},
        {", largest free ", program_heap.ops ? heap_largest_free(&program_heap) : 0},
        {", fragmentation % ", program_heap.ops ? heap_fragmentation(&program_heap) : 0},
    };
    char line[320], *at = add_text(line, "heap ");
    at = add_text(at, program_heap_ops->name);
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        at = add_number(add_text(at, facts[i].text), facts[i].number);
    *at++ = '\n';
    sys_write(REPORT_STDERR, line, (size_t)(at - line));
}
