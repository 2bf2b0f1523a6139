/* The smallest image of the course: it knows the firmware's console and nothing else.
 *
 * spark says its sentence and switches the machine off. A test may put a list of calls to the firmware
 * at SPARK_LIST before the machine starts; they are made first, one after the other, and what each
 * answers is printed.
 */
#include "kern/core/util.h"
#include "kern/images/spark/keep.h"
#include "kern/riscv/sbi.h"

#define SPARK_LIST                                                                                 \
    ((const struct spark_list *)0x80600000) /* above the image, below the device tree */
#define SPARK_MAGIC 0x216b72617073          /* "spark!": somebody wrote a list */

enum spark_kind {
    SPARK_END,
    SPARK_PUTCHAR,
    SPARK_HART_START,
    SPARK_SEND_IPI,
    SPARK_SFENCE,
    SPARK_PROBE,
    SPARK_KEEP,
    SPARK_MEMORY
};

struct spark_call {
    uint64_t kind;
    uint64_t args[4];
};

struct spark_list {
    uint64_t magic;
    struct spark_call calls[]; /* the last is a SPARK_END */
};

void spark(void) __attribute__((noreturn)); /* entry.S calls it */
void probe(void) __attribute__((noreturn)); /* kern/images/probe.S */
void spark_putchar(char byte);              /* entry.S: sbi_putchar, with a label on either side */

static void print(const char *text)
{
    while (*text)
        spark_putchar(*text++);
}

static void print_hex(uint64_t number)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        spark_putchar("0123456789abcdef"[number >> shift & 15]);
}

static long make_call(const struct spark_call *call)
{
    const uint64_t *args = call->args;
    switch (call->kind) {
    case SPARK_HART_START: return sbi_hart_start(args[0], args[1], args[2]);
    case SPARK_SEND_IPI: return sbi_send_ipi(args[0], args[1]);
    case SPARK_KEEP: return keep_argument(args[0], args[1]);
    case SPARK_MEMORY: return keep_memory(args[0]);
    case SPARK_PROBE: probe(); /* fall through */
    default: return sbi_remote_sfence(args[0], args[1], args[2], args[3]);
    }
}

static void make_calls(const struct spark_call *call)
{
    for (; call->kind != SPARK_END; call++) {
        if (call->kind == SPARK_PUTCHAR) {
            spark_putchar((char)call->args[0]);
            continue;
        }
        long answer = make_call(call);
        print("spark: answer ");
        print_hex((uint64_t)answer);
        print("\n");
    }
}

void spark(void)
{
    if (SPARK_LIST->magic == SPARK_MAGIC)
        make_calls(SPARK_LIST->calls);
    print("First light.\n");
    sbi_shutdown(false);
    for (;;)
        __asm__ volatile("wfi");
}
