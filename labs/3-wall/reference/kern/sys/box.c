/* The box: letters that processes leave for each other (labs/3-wall/SPEC.md).
 *
 * All of it is one small struct under one mutex. A call works on a copy, and the copy becomes the box
 * when nothing can fail any more: so a call that fails has changed nothing, without any undoing.
 *
 *      user memory --copy in--> call's own letters --+
 *                                                    v         mutex held
 *      box ------------------copy----------------> after ----> box
 *                                                    |
 *      user memory <--copy out-- call's own letters <+
 *
 * The mutex is held while letters are copied out: what is taken is gone exactly if it has arrived. A mutex
 * allows that, a spin lock would not: the page may have to be fetched. It comes before the lock of the
 * address space.
 *
 * The request is read once, before anything else: whoever else can write to it, and be it this call's
 * own copying out, changes nothing for us.
 */
#include "kern/core/string.h"
#include "kern/mem/uaccess.h"
#include "kern/sched/mutex.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

enum op { PUT = 1, TAKE = 2, LOOK = 3 };
enum order { OLDEST, NEWEST, LARGEST, SMALLEST };
enum when_full { REFUSE, PART, PUSH_OUT };
enum readers { ANYONE, OTHERS, SENDER };

#define CAPACITY    8
#define BATCH       4
#define QUOTA       5
#define NUMBERS     10
#define ORDER       OLDEST
#define WHEN_FULL   REFUSE
#define READERS     ANYONE
#define BATCH_ERROR EINVAL
#define QUOTA_ERROR EACCES
#define FULL_ERROR  ENOSPC
#define EMPTY       (-EAGAIN)

struct letter {
    long value;
    int sender;
    int number;
};

struct box_request {
    struct letter *letters;
    unsigned long count;
};

struct box {
    struct letter kept[CAPACITY]; /* in the order in which they came */
    unsigned nkept;
    int next_number; /* of the next letter, below NUMBERS */
};

static struct mutex lock; /* guards box */
static struct box box;

static void forget(struct box *after, unsigned at)
{
    after->nkept--;
    memmove(&after->kept[at], &after->kept[at + 1], (after->nkept - at) * sizeof(struct letter));
}

static unsigned count_of(const struct box *after, int sender)
{
    unsigned count = 0;
    for (unsigned i = 0; i < after->nkept; i++)
        count += after->kept[i].sender == sender;
    return count;
}

static void keep(struct box *after, long value, int sender)
{
    if (after->nkept == CAPACITY)
        forget(after, 0);
    after->kept[after->nkept++] = (struct letter){value, sender, after->next_number};
    after->next_number = (after->next_number + 1) % NUMBERS;
}

/* How many of `count` more letters there is room for, or a negative errno. */
static long room_for(const struct box *after, unsigned count, int sender)
{
    if (QUOTA && count_of(after, sender) + count > QUOTA)
        return -QUOTA_ERROR;
    unsigned room = CAPACITY - after->nkept;
    if (WHEN_FULL == PUSH_OUT || count <= room)
        return count;
    return WHEN_FULL == PART && room > 0 ? (long)room : -FULL_ERROR;
}

static long put(struct box *after, const struct box_request *request)
{
    struct letter letters[BATCH];
    int sender = (int)sys_getpid();
    int error = copy_from_user(letters, request->letters, request->count * sizeof(struct letter));
    if (error)
        return error;
    long count = room_for(after, request->count, sender);
    for (long i = 0; i < count; i++)
        keep(after, letters[i].value, sender);
    return count;
}

static bool may_read(int reader, int sender)
{
    return READERS == ANYONE || (READERS == SENDER) == (reader == sender);
}

/* Of two letters, `a` older than `b`: does b come first? */
static bool overtakes(const struct letter *b, const struct letter *a)
{
    switch (ORDER) {
    case NEWEST: return true;
    case LARGEST: return b->value > a->value;
    case SMALLEST: return b->value < a->value;
    default: return false;
    }
}

/* The letter that `reader` gets next; nkept: there is none. */
static unsigned first_for(const struct box *after, int reader)
{
    unsigned first = after->nkept;
    for (unsigned i = 0; i < after->nkept; i++) {
        if (!may_read(reader, after->kept[i].sender))
            continue;
        if (first == after->nkept || overtakes(&after->kept[i], &after->kept[first]))
            first = i;
    }
    return first;
}

static long take(struct box *after, const struct box_request *request)
{
    struct letter letters[BATCH];
    unsigned taken = 0, at;
    int reader = (int)sys_getpid();
    while (taken < request->count && (at = first_for(after, reader)) < after->nkept) {
        letters[taken++] = after->kept[at];
        forget(after, at);
    }
    if (taken == 0)
        return EMPTY;
    int error = copy_to_user(request->letters, letters, taken * sizeof(struct letter));
    return error ? error : (long)taken;
}

static long change(enum op op, const struct box_request *request)
{
    mutex_lock(&lock);
    struct box after = box;
    long result = op == PUT ? put(&after, request) : take(&after, request);
    if (result > 0)
        box = after;
    mutex_unlock(&lock);
    return result;
}

static long look(void)
{
    mutex_lock(&lock);
    long count = box.nkept;
    mutex_unlock(&lock);
    return count;
}

long sys_onering_box(int op, const struct box_request *user_request)
{
    struct box_request request;
    if (op == LOOK)
        return look();
    if (op != PUT && op != TAKE)
        return -EINVAL;
    int error = copy_from_user(&request, user_request, sizeof(request));
    if (error)
        return error;
    if (request.count == 0 || request.count > BATCH)
        return -BATCH_ERROR;
    return change(op, &request);
}
