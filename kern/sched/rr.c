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

struct rr_queue {
    struct spinlock lock;
    struct list_node ready; /* thread->run_node; guarded by lock */
    uint32_t length;        /* written under lock, peeked at without */
    bool open;              /* this hart schedules */
};

static struct rr_queue queues[HARTS];

static void rr_init_hart(struct hart *hart)
{
    struct rr_queue *queue = &queues[hart->index];
    list_init(&queue->ready);
    hart->sched = queue;
    __atomic_store_n(&queue->open, true, __ATOMIC_RELEASE);
}

static bool is_idle(const struct hart *hart)
{
    return hart->current == hart->idle && queues[hart->index].length == 0;
}

/* The hart whose queue the thread joins: its last one, unless that is busy and another idles. */
static struct hart *choose_hart(const struct thread *thread)
{
    struct hart *last = thread->hart;
    if (HARTS == 1 || is_idle(last))
        return last;
    for (uint32_t i = 0; i < HARTS; i++)
        if (__atomic_load_n(&queues[i].open, __ATOMIC_ACQUIRE) && is_idle(&harts[i]))
            return &harts[i];
    return last;
}

static struct hart *rr_enqueue(struct thread *thread)
{
    struct hart *hart = choose_hart(thread);
    struct rr_queue *queue = &queues[hart->index];
    thread->sched_data = TURN_TICKS;
    spin_lock(&queue->lock);
    list_push_back(&queue->ready, &thread->run_node);
    queue->length++;
    spin_unlock(&queue->lock);
    return hart->current == hart->idle ? hart : NULL;
}

static struct thread *take_first(struct rr_queue *queue)
{
    if (__atomic_load_n(&queue->length, __ATOMIC_RELAXED) == 0)
        return NULL;
    spin_lock(&queue->lock);
    struct list_node *node = list_pop_front(&queue->ready);
    if (node)
        queue->length--;
    spin_unlock(&queue->lock);
    return node ? list_entry(node, struct thread, run_node) : NULL;
}

static struct thread *steal(void)
{
    struct rr_queue *longest = NULL;
    for (uint32_t i = 0; i < harts_online; i++)
        if (queues[i].length && (!longest || queues[i].length > longest->length))
            longest = &queues[i];
    return longest ? take_first(longest) : NULL;
}

static struct thread *rr_pick(struct hart *hart)
{
    struct thread *thread = take_first(hart->sched);
    if (!thread && HARTS > 1)
        thread = steal();
    return thread;
}

static bool rr_tick(struct hart *hart, struct thread *thread)
{
    struct rr_queue *queue = hart->sched;
    if (thread == hart->idle)
        return queue->length != 0;
    if (thread->sched_data > 1) {
        thread->sched_data--;
        return false;
    }
    thread->sched_data = TURN_TICKS;
    return queue->length != 0;
}

const struct sched_ops sched_rr = {
    .name = "rr",
    .init_hart = rr_init_hart,
    .enqueue = rr_enqueue,
    .pick = rr_pick,
    .tick = rr_tick,
};
