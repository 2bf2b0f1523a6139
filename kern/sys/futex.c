/* futex: the kernel's half of user-space locks.
 *
 * Threads that wait for a word stand in the bucket that the word's identity hashes to:
 *
 *     buckets[hash(key)]  ->  waiter  ->  waiter  ->  ...      oldest first
 *
 * FUTEX_WAIT must not sleep if the word has changed already: looking at the word and going to sleep
 * have to be one step for whoever changes the word and then calls FUTEX_WAKE. A bucket has a spin
 * lock, and reading user memory may sleep, so the look cannot happen under the lock. Instead a waiter
 * first enters the bucket and then looks. Whichever way the two sides are interleaved:
 *
 *     - the waker searches the bucket after the waiter entered: it finds it;
 *     - the waker searched before: then it had changed the word before that, and the waiter, who
 *       looks later still, sees the new value and does not sleep.
 *
 * A waiter that is woken while it still looks, or is interrupted, or runs out of time, and a wake come
 * together: `woken` decides, under the bucket's lock. A waiter that a FUTEX_WAKE has counted always
 * returns 0, so a wake-up is never swallowed by somebody who was leaving anyway.
 */
#include "kern/sys/futex.h"
#include "kern/core/init.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include "kern/sys/time.h"
#include <onering/syscalls.h>

#define BUCKETS_LOG2 6
#define BUCKETS      (1U << BUCKETS_LOG2)

#define BITSET_ANY UINT32_MAX

struct bucket {
    struct spinlock lock;
    struct list_node waiters; /* struct futex_waiter; guarded by lock */
};

/* Lives on the waiting thread's stack. All but the first two fields are guarded by the lock of the
 * bucket; FUTEX_REQUEUE, which changes `bucket`, holds the locks of both. */
struct futex_waiter {
    struct thread *thread;
    uint32_t bitset; /* woken by wakes whose bitset has one of these */
    struct futex_key key;
    struct bucket *bucket;
    bool woken; /* taken off the bucket by a waker */
    struct list_node node;
};

static struct bucket buckets[BUCKETS];

static void futex_init(void)
{
    for (size_t i = 0; i < BUCKETS; i++)
        list_init(&buckets[i].waiters);
}
INIT_ENTRY(INIT_HEAP, futex_init);

static struct bucket *bucket_of(const struct futex_key *key)
{
    INIT_NEEDS(futex_init);
    uint64_t mixed = (key->space ^ key->addr >> 2) * 0x9e3779b97f4a7c15UL; /* 2^64 / golden ratio */
    return &buckets[mixed >> (64 - BUCKETS_LOG2)];
}

static bool is_same(const struct futex_key *a, const struct futex_key *b)
{
    return a->space == b->space && a->addr == b->addr;
}

static void enter(struct futex_waiter *waiter, const struct futex_key *key, uint32_t bitset)
{
    struct bucket *bucket = bucket_of(key);
    *waiter = (struct futex_waiter){thread_current(), bitset, *key, bucket, false, {NULL, NULL}};
    spin_lock(&bucket->lock);
    list_push_back(&bucket->waiters, &waiter->node);
    spin_unlock(&bucket->lock);
}

/* Locks the bucket the waiter stands in, which may change until the lock is held. */
static struct bucket *lock_bucket(const struct futex_waiter *waiter)
{
    for (;;) {
        struct bucket *bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_RELAXED);
        spin_lock(&bucket->lock);
        if (bucket == __atomic_load_n(&waiter->bucket, __ATOMIC_RELAXED))
            return bucket;
        spin_unlock(&bucket->lock);
    }
}

/* Takes the waiter out, if it still is in; true: a waker did. Only after this may its memory go. */
static bool leave(struct futex_waiter *waiter)
{
    struct bucket *bucket = lock_bucket(waiter);
    bool woken = waiter->woken;
    if (!woken)
        list_remove(&waiter->node);
    spin_unlock(&bucket->lock);
    return woken;
}

static bool is_woken(const struct futex_waiter *waiter)
{
    return __atomic_load_n(&waiter->woken, __ATOMIC_ACQUIRE);
}

/* Bucket locked. The waiter's thread exists until it has had that lock in leave(). */
static void wake(struct futex_waiter *waiter)
{
    list_remove(&waiter->node);
    __atomic_store_n(&waiter->woken, true, __ATOMIC_RELEASE);
    thread_unpark(waiter->thread);
}

/* Reading the word may park (page faults, locks) and so use up a wake-up of ours: that is why what
 * counts is `woken`, and the loop looks at it before every park. */
static int look_and_sleep(const struct futex_waiter *waiter, const unsigned *addr,
                          unsigned expected, uint64_t deadline_ns)
{
    unsigned value;
    if (load_user_u32(addr, &value))
        return -EFAULT;
    if (value != expected)
        return -EAGAIN;
    int result = 0;
    while (result == 0 && !is_woken(waiter))
        result = thread_park_until(true, deadline_ns);
    return result;
}

static long futex_wait(unsigned *addr, unsigned expected, uint32_t bitset, uint64_t deadline_ns)
{
    struct futex_key key;
    struct futex_waiter waiter;
    int error = futex_key(addr, &key);
    if (error)
        return error;
    enter(&waiter, &key, bitset);
    int result = look_and_sleep(&waiter, addr, expected, deadline_ns);
    return leave(&waiter) ? 0 : result;
}

/* Bucket locked. Wakes up to n waiters for `key`; returns how many. */
static unsigned wake_some(struct bucket *bucket, const struct futex_key *key, unsigned n,
                          uint32_t bitset)
{
    struct futex_waiter *waiter, *after;
    unsigned woken = 0;
    list_for_each_safe(waiter, after, &bucket->waiters, node) {
        if (woken == n)
            break;
        if (!is_same(&waiter->key, key) || !(waiter->bitset & bitset))
            continue;
        wake(waiter);
        woken++;
    }
    return woken;
}

static long futex_wake_bitset(unsigned *addr, unsigned n, uint32_t bitset)
{
    struct futex_key key;
    int error = futex_key(addr, &key);
    if (error)
        return error;
    struct bucket *bucket = bucket_of(&key);
    spin_lock(&bucket->lock);
    unsigned woken = wake_some(bucket, &key, n, bitset);
    spin_unlock(&bucket->lock);
    return woken;
}

int futex_wake(unsigned *user_addr, unsigned n)
{
    return futex_wake_bitset(user_addr, n, BITSET_ANY);
}

/* Buckets are locked in the order of their addresses. */
static void lock_both(struct bucket *a, struct bucket *b)
{
    spin_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        spin_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct bucket *a, struct bucket *b)
{
    if (a != b)
        spin_unlock(a < b ? &b->lock : &a->lock);
    spin_unlock(a < b ? &a->lock : &b->lock);
}

/* Both buckets locked. */
static unsigned move_some(struct bucket *from, const struct futex_key *old_key, struct bucket *to,
                          const struct futex_key *new_key, unsigned n)
{
    struct futex_waiter *waiter, *after;
    unsigned moved = 0;
    list_for_each_safe(waiter, after, &from->waiters, node) {
        if (moved == n)
            break;
        if (!is_same(&waiter->key, old_key))
            continue;
        list_remove(&waiter->node);
        waiter->key = *new_key;
        __atomic_store_n(&waiter->bucket, to, __ATOMIC_RELAXED);
        list_push_back(&to->waiters, &waiter->node);
        moved++;
    }
    return moved;
}

/* Wakes some waiters of one word and lets others wait for another word instead: a condition variable's
 * broadcast hands them to the mutex they would all run into. Returns how many were woken or moved. */
static long futex_requeue(unsigned *addr, unsigned nwake, unsigned *addr2, unsigned nmove)
{
    struct futex_key key, key2;
    int error = futex_key(addr, &key) ?: futex_key(addr2, &key2);
    if (error)
        return error;
    struct bucket *from = bucket_of(&key), *to = bucket_of(&key2);
    lock_both(from, to);
    unsigned done = wake_some(from, &key, nwake, BITSET_ANY);
    if (!is_same(&key, &key2))
        done += move_some(from, &key, to, &key2, nmove);
    unlock_both(from, to);
    return done;
}

/* The deadline of a wait; the timeout of FUTEX_WAIT counts from now, that of WAIT_BITSET is a time. */
static int wait_deadline(const struct timespec *timeout, int op, uint64_t *deadline_ns)
{
    uint64_t ns;
    if (!timeout) {
        *deadline_ns = DEADLINE_MAX;
        return 0;
    }
    int error = timespec_from_user(timeout, &ns);
    if (error)
        return error;
    if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT) {
        *deadline_ns = time_after(clock_now_ns(), ns);
    } else {
        uint64_t offset = op & FUTEX_CLOCK_REALTIME ? realtime_offset_ns() : 0;
        *deadline_ns = ns > offset ? ns - offset : 0;
    }
    return 0;
}

static long wait_until(unsigned *addr, int op, unsigned expected, const struct timespec *timeout,
                       uint32_t bitset)
{
    uint64_t deadline_ns;
    if (bitset == 0)
        return -EINVAL;
    int error = wait_deadline(timeout, op, &deadline_ns);
    return error ?: futex_wait(addr, expected, bitset, deadline_ns);
}

long sys_futex(unsigned int *addr, int op, unsigned int val, unsigned long timeout_or_val2,
               unsigned int *addr2, unsigned int val3)
{
    const struct timespec *timeout = (const struct timespec *)timeout_or_val2;
    int command = op & FUTEX_CMD_MASK;
    if ((op & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    if ((uintptr_t)addr % sizeof(*addr))
        return -EINVAL;
    switch (command) {
    case FUTEX_WAIT: return wait_until(addr, op, val, timeout, BITSET_ANY);
    case FUTEX_WAIT_BITSET: return wait_until(addr, op, val, timeout, val3);
    case FUTEX_WAKE: return futex_wake_bitset(addr, val, BITSET_ANY);
    case FUTEX_WAKE_BITSET: return val3 ? futex_wake_bitset(addr, val, val3) : -EINVAL;
    case FUTEX_REQUEUE: return futex_requeue(addr, val, addr2, timeout_or_val2);
    default: return -ENOSYS;
    }
}
