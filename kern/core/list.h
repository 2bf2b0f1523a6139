/* Doubly linked circular lists whose nodes live inside the listed structures.
 *
 *      head <-> node <-> node <-> (head)
 *
 * An empty head points at itself. A node that is on no list points at itself too, once it has been
 * through list_init() or list_remove(); list_is_linked() tells the difference.
 * Lists have no lock of their own: whoever owns the head says which lock guards it.
 */
#pragma once
#include "kern/core/util.h"

struct list_node {
    struct list_node *next, *prev;
};

#define LIST_INIT(head)                                                                            \
    {                                                                                              \
        &(head), &(head)                                                                           \
    }

static inline void list_init(struct list_node *node)
{
    node->next = node->prev = node;
}

static inline bool list_is_empty(const struct list_node *head)
{
    return head->next == head;
}

static inline bool list_is_linked(const struct list_node *node)
{
    return node->next != node;
}

static inline void list_insert_after(struct list_node *where, struct list_node *node)
{
    node->prev = where;
    node->next = where->next;
    where->next->prev = node;
    where->next = node;
}

static inline void list_push_front(struct list_node *head, struct list_node *node)
{
    list_insert_after(head, node);
}

static inline void list_push_back(struct list_node *head, struct list_node *node)
{
    list_insert_after(head->prev, node);
}

static inline void list_remove(struct list_node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* First node, taken off the list; NULL when the list is empty. */
static inline struct list_node *list_pop_front(struct list_node *head)
{
    struct list_node *node = head->next;
    if (node == head)
        return NULL;
    list_remove(node);
    return node;
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_for_each(entry, head, member)                                                         \
    for (entry = list_entry((head)->next, __typeof__(*entry), member); &entry->member != (head);   \
         entry = list_entry(entry->member.next, __typeof__(*entry), member))

/* The same, when the loop may remove `entry`. */
#define list_for_each_safe(entry, after, head, member)                                             \
    for (entry = list_entry((head)->next, __typeof__(*entry), member),                             \
        after = list_entry(entry->member.next, __typeof__(*entry), member);                        \
         &entry->member != (head);                                                                 \
         entry = after, after = list_entry(entry->member.next, __typeof__(*entry), member))
