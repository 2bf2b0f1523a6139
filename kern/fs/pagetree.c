/* Sparse arrays of pages. */
#include "kern/fs/pagetree.h"
#include "kern/mem/pages.h"

#define TABLE_BITS 9
#define TABLE_LEN  (1UL << TABLE_BITS)

_Static_assert(TABLE_LEN * sizeof(void *) == PAGE_SIZE, "a table is a page");

/* How many pages hang below a pointer at this level. */
static size_t span(unsigned level)
{
    return 1UL << (TABLE_BITS * level);
}

/* Which pointer of a table at this level leads to the page. */
static size_t index_at(unsigned level, size_t index)
{
    return (index >> (TABLE_BITS * level)) % TABLE_LEN;
}

void *pagetree_find(const struct pagetree *tree, size_t index)
{
    if (index >= span(tree->levels))
        return NULL;
    void *at = tree->root;
    for (unsigned level = tree->levels; level > 0 && at; level--)
        at = ((void **)at)[index_at(level - 1, index)];
    return at;
}

static bool grow(struct pagetree *tree, size_t index)
{
    while (index >= span(tree->levels)) {
        if (tree->root) {
            void **table = page_alloc_zeroed();
            if (!table)
                return false;
            table[0] = tree->root;
            tree->root = table;
        }
        tree->levels++;
    }
    return true;
}

void **pagetree_slot(struct pagetree *tree, size_t index)
{
    if (!grow(tree, index))
        return NULL;
    void **slot = &tree->root;
    for (unsigned level = tree->levels; level > 0; level--) {
        if (!*slot)
            *slot = page_alloc_zeroed();
        if (!*slot)
            return NULL;
        slot = (void **)*slot + index_at(level - 1, index);
    }
    return slot;
}

/* Of the pages below *slot keeps the first `keep`; how many went. Recursion ends after `level` calls. */
static size_t trim(void **slot, unsigned level, size_t keep)
{
    size_t freed = 0;
    if (!*slot || keep >= span(level))
        return 0;
    if (level > 0) {
        size_t each = span(level - 1);
        for (size_t i = keep / each; i < TABLE_LEN; i++)
            freed += trim((void **)*slot + i, level - 1, keep > i * each ? keep - i * each : 0);
    }
    if (keep == 0) {
        page_free(*slot);
        *slot = NULL;
        freed += level == 0;
    }
    return freed;
}

size_t pagetree_trim(struct pagetree *tree, size_t keep)
{
    size_t freed = trim(&tree->root, tree->levels, keep);
    if (!tree->root)
        tree->levels = 0;
    return freed;
}
