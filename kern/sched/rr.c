/* Round robin: a queue of ready threads for each hart, first come, first served, in turns of a few
 * ticks.
 *
 *     hart 0:  run -> A B C          a thread goes back to the queue of the hart it ran on, whose
 *     hart 1:  run -> D              caches know it; unless another hart has nothing to do.
 *     hart 2:  run ->                A hart whose queue is empty steals from the longest one.
 */
#include "kern/riscv/hart.h"
#include "kern/sched/sched.h"

#define TURN_TICKS 2

/* The functions are called with interrupts off: locks need only be acquired and released. */

struct rr_queue {
    struct spinlock lock;
    struct list_node ready; /* thread->run_node; guarded by lock */
    uint32_t length;        /* written under lock, peeked at without */
};

static struct rr_queue queues[HARTS];

/* Bit n: the idle thread of hart n found nothing to run and sleeps until it is told. Atomic. It sets the
 * bit, then looks once more; whoever queues a thread looks at the bits afterwards. So one of them sees
 * the other. */
static uint64_t idle_harts;

static void rr_init_hart(struct hart *hart)
{
    list_init(&queues[hart->index].ready);
    hart->sched = &queues[hart->index];
}

/* One of the idle harts, the preferred one if possible; it counts as idle no more. */
static struct hart *claim(uint64_t idle, const struct hart *preferred)
{
    uint32_t index = preferred->index;
    if (!(idle >> index & 1))
        for (index = 0; !(idle >> index & 1);)
            index++;
    __atomic_fetch_and(&idle_harts, ~(1UL << index), __ATOMIC_SEQ_CST);
    return &harts[index];
}

static inline struct hart *claim_idle(const struct hart *preferred)
{
    uint64_t idle = __atomic_load_n(&idle_harts, __ATOMIC_RELAXED);
    return unlikely(idle) ? claim(idle, preferred) : NULL;
}

static void append(struct hart *hart, struct thread *thread)
{
    struct rr_queue *queue = hart->sched;
    spin_acquire(&queue->lock);
    list_push_back(&queue->ready, &thread->run_node);
    queue->length++;
    spin_release(&queue->lock);
}

/* The thread joins the queue of the hart it ran on last, unless that is busy and another one idles. */
static struct hart *rr_enqueue(struct thread *thread)
{
    struct hart *last = thread->hart;
    struct hart *idle = claim_idle(last);
    thread->sched_data = TURN_TICKS;
    append(idle ? idle : last, thread);
    if (idle)
        return idle;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* queue first, then look */
    return claim_idle(last);
}

/* Inlined: the queue of the own hart is looked at on every switch. */
static inline __attribute__((always_inline)) struct thread *take_first(struct rr_queue *queue)
{
    if (__atomic_load_n(&queue->length, __ATOMIC_RELAXED) == 0)
        return NULL;
    spin_acquire(&queue->lock);
    struct list_node *node = list_pop_front(&queue->ready);
    if (node)
        queue->length--;
    spin_release(&queue->lock);
    return node ? list_entry(node, struct thread, run_node) : NULL;
}

/* The first thread of the longest queue. */
static struct thread *steal(void)
{
    struct rr_queue *longest = &queues[0];
    for (uint32_t i = 1; i < harts_online; i++)
        if (queues[i].length > longest->length)
            longest = &queues[i];
    return take_first(longest);
}

/* Nothing on the own queue. An idle hart says that it is one, and looks once more. */
static __attribute__((noinline)) struct thread *look_elsewhere(struct hart *hart)
{
    uint64_t bit = 1UL << hart->index;
    struct thread *thread = steal();
    if (thread || hart->current != hart->idle)
        return thread;
    __atomic_fetch_or(&idle_harts, bit, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* say so first, then look */
    thread = steal();
    if (thread)
        __atomic_fetch_and(&idle_harts, ~bit, __ATOMIC_SEQ_CST);
    return thread;
}

static struct thread *rr_pick(struct hart *hart)
{
    struct thread *thread = take_first(hart->sched);
    return likely(thread) ? thread : look_elsewhere(hart);
}

static bool rr_tick(struct hart *hart, struct thread *thread)
{
    const struct rr_queue *queue = hart->sched;
    /* A hart's first thread was never queued: its turn is over at the first tick. */
    if (thread != hart->idle && thread->sched_data > 1) {
        thread->sched_data--;
        return false;
    }
    thread->sched_data = TURN_TICKS;
    return thread == hart->idle || queue->length != 0;
}

const struct sched_ops sched_rr = {
    .name = "rr",
    .init_hart = rr_init_hart,
    .enqueue = rr_enqueue,
    .pick = rr_pick,
    .tick = rr_tick,
};
