/* The image `torn`: the kernel shape, in which calls of one file are torn to pieces.
 *
 * That file is compiled with -fsanitize=thread: before each access to memory the compiler calls a
 * function __tsan_*. Its usual library looks for races. Ours makes them happen: now and then it lets
 * another thread run, wherever that is allowed, so on one hart and in few calls every order of things
 * comes about that many harts would bring in a year. Where interrupts are off, under a spin lock, nobody
 * else can run; there we leave it at that.
 *
 *      thread 1    read -- write -- | ............................. | -- write --
 *      thread 2    ................ | read -- write -- read -- ...  | ...........
 *                                 give_way                       give_way
 *
 * User memory is a place to give way too, and one where interrupts must be on (kern/mem/uaccess.h): the
 * page may have to be fetched.
 */
#include "kern/core/panic.h"
#include "kern/images/torn.h"
#include "kern/riscv/csr.h"
#include "kern/sched/thread.h"

/* Here the real ones are meant. */
#undef copy_from_user
#undef copy_to_user
#undef clear_user
#undef string_from_user

unsigned long torn_seed = 1; /* the host writes another one there before the start */
unsigned long torn_count;    /* how often somebody had to give way; the host reads it */
static unsigned pieces; /* accesses until the next time. A race does no harm: all is by chance */

static unsigned long draw(unsigned long below)
{
    torn_seed = torn_seed * 6364136223846793005UL + 1442695040888963407UL;
    return (torn_seed >> 33) % below;
}

static bool may_give_way(void)
{
    return csr_read(sstatus) & SSTATUS_SIE;
}

/* Short turns and long ones: some let the other one through a whole call. */
static void give_way(void)
{
    if (pieces > 0) {
        pieces--;
    } else if (may_give_way()) {
        pieces = (unsigned)draw(2UL << draw(8));
        torn_count++;
        thread_yield();
    }
}

/* --- user memory ---------------------------------------------------------------------------------- */

static void before_user_memory(const char *name)
{
    if (!may_give_way())
        panic("%s with interrupts off: it may sleep, and under a spin lock nobody may", name);
    torn_count++;
    thread_yield();
}

int torn_copy_from_user(void *dst, const void *user_src, size_t n)
{
    before_user_memory("copy_from_user");
    return copy_from_user(dst, user_src, n);
}

int torn_copy_to_user(void *user_dst, const void *src, size_t n)
{
    before_user_memory("copy_to_user");
    return copy_to_user(user_dst, src, n);
}

int torn_clear_user(void *user_dst, size_t n)
{
    before_user_memory("clear_user");
    return clear_user(user_dst, n);
}

long torn_string_from_user(char *dst, const char *user_src, size_t size)
{
    before_user_memory("string_from_user");
    return string_from_user(dst, user_src, size);
}

/* --- what the compiler calls ----------------------------------------------------------------------- */

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void)
{
}

#define BEFORE_ACCESS(name)                                                                        \
    void __tsan_##name(void *where)                                                                \
    {                                                                                              \
        (void)where;                                                                               \
        give_way();                                                                                \
    }
#define BEFORE_ACCESSES(size)                                                                      \
    BEFORE_ACCESS(read##size)                                                                      \
    BEFORE_ACCESS(write##size)                                                                     \
    BEFORE_ACCESS(unaligned_read##size)                                                            \
    BEFORE_ACCESS(unaligned_write##size)
BEFORE_ACCESSES(1)
BEFORE_ACCESSES(2)
BEFORE_ACCESSES(4)
BEFORE_ACCESSES(8)
BEFORE_ACCESSES(16)

#define BEFORE_RANGE(name)                                                                         \
    void __tsan_##name(void *where, unsigned long size)                                            \
    {                                                                                              \
        (void)where, (void)size;                                                                   \
        give_way();                                                                                \
    }
BEFORE_RANGE(read_range)
BEFORE_RANGE(write_range)

/* Atomic operations the compiler leaves to us altogether. The strictest order fits every use. */
#define ATOMIC_LOAD_STORE(bits)                                                                    \
    uint##bits##_t __tsan_atomic##bits##_load(const uint##bits##_t *where, int order)              \
    {                                                                                              \
        (void)order;                                                                               \
        give_way();                                                                                \
        return __atomic_load_n(where, __ATOMIC_SEQ_CST);                                           \
    }                                                                                              \
    void __tsan_atomic##bits##_store(uint##bits##_t *where, uint##bits##_t value, int order)       \
    {                                                                                              \
        (void)order;                                                                               \
        give_way();                                                                                \
        __atomic_store_n(where, value, __ATOMIC_SEQ_CST);                                          \
    }

#define ATOMIC_CHANGE(bits, what, builtin)                                                         \
    uint##bits##_t __tsan_atomic##bits##_##what(uint##bits##_t *where, uint##bits##_t value,       \
                                                int order)                                         \
    {                                                                                              \
        (void)order;                                                                               \
        give_way();                                                                                \
        return builtin(where, value, __ATOMIC_SEQ_CST);                                            \
    }

#define ATOMIC_EXCHANGE_IF(bits, strength, is_weak)                                                \
    int __tsan_atomic##bits##_compare_exchange_##strength(                                         \
        uint##bits##_t *where, uint##bits##_t *expected, uint##bits##_t value, int order,          \
        int order_else)                                                                            \
    {                                                                                              \
        (void)order, (void)order_else;                                                             \
        give_way();                                                                                \
        return __atomic_compare_exchange_n(where, expected, value, is_weak, __ATOMIC_SEQ_CST,      \
                                           __ATOMIC_SEQ_CST);                                      \
    }

#define ATOMICS(bits)                                                                              \
    ATOMIC_CHANGE(bits, exchange, __atomic_exchange_n)                                             \
    ATOMIC_CHANGE(bits, fetch_add, __atomic_fetch_add)                                             \
    ATOMIC_CHANGE(bits, fetch_sub, __atomic_fetch_sub)                                             \
    ATOMIC_CHANGE(bits, fetch_and, __atomic_fetch_and)                                             \
    ATOMIC_CHANGE(bits, fetch_or, __atomic_fetch_or)                                               \
    ATOMIC_CHANGE(bits, fetch_xor, __atomic_fetch_xor)                                             \
    ATOMIC_EXCHANGE_IF(bits, strong, false)                                                        \
    ATOMIC_EXCHANGE_IF(bits, weak, true)

ATOMIC_LOAD_STORE(8)
ATOMIC_LOAD_STORE(16)
ATOMIC_LOAD_STORE(32)
ATOMIC_LOAD_STORE(64)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    give_way();
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}
