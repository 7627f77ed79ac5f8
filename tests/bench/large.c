/*
 * large: an image of about a gigabyte, as a worker has it.
 *
 *   build/bench/large [megabytes [directory]]
 *
 * Makes a forest of deep trees of chance, packs and writes it, and says what that took;
 * then how soon after it is mapped the first row is answered, with the file in memory and
 * without; what a row takes; and what WORKERS processes have of it for themselves.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "forest/draft.h"
#include "forest/rng.h"
#include "forest/walk.h"

enum {
    FEATURES = 28,
    SAMPLES = 80000, /* that a tree was grown on, down to one in a leaf */
    TREE_KB = 1700,  /* what such a tree takes in an image, nearly */
    WORKERS = 4,
    ROWS = 2000,
    TRIES = 5
};

static double seconds_since(uint64_t began)
{
    return (double)(clock_mono_ns() - began) / 1e9;
}

static double uniform(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

static void fail(const char *what, const struct reason *why)
{
    fprintf(stderr, "large: %s: %s\n", what, why != NULL ? why->text : "failed");
    exit(1);
}

static void *must(void *memory)
{
    if (memory == NULL)
        fail("memory", NULL);
    return memory;
}

/* A node whose turn will come: how many samples it has, and whose right child it is. */
struct turn {
    uint32_t samples, parent;
};

/* A tree in the order in which the libraries number it: the left part before the right. */
static void make_tree(struct draft_tree *tree, struct rng *rng)
{
    struct turn *stack = must(malloc(SAMPLES * sizeof(*stack))), turn = {SAMPLES, 0};
    uint32_t height = 0;

    tree->width = 1;
    tree->nodes = must(calloc(2 * SAMPLES, sizeof(*tree->nodes)));
    tree->leaves = must(calloc(SAMPLES, sizeof(*tree->leaves)));
    stack[height++] = turn;
    while (height != 0) {
        const uint32_t at = tree->n_nodes++;
        struct draft_node *node = &tree->nodes[at];

        turn = stack[--height];
        if (turn.parent != 0)
            tree->nodes[turn.parent - 1].right = at;
        node->cover = turn.samples;
        node->id = at;
        if (turn.samples == 1) {
            node->leaf = tree->n_leaves++;
            tree->leaves[node->leaf] = (double)(float)uniform(rng);
            continue;
        }
        const uint32_t left = 1 + (uint32_t)rng_below(rng, turn.samples - 1);

        node->column = (uint32_t)rng_below(rng, FEATURES);
        node->threshold = (double)((float)left / (float)turn.samples);
        node->left = at + 1;
        stack[height++] = (struct turn){turn.samples - left, at + 1};
        stack[height++] = (struct turn){left, 0};
    }
    free(stack);
}

static void make_draft(struct draft *draft, uint32_t n_trees)
{
    struct rng rng = {1};
    char name[16];
    uint32_t i;

    draft->spec = (struct spec){.task = SPEC_REGRESS,
                                .compare = SPEC_COMPARE_F32,
                                .sum = SPEC_SUM_F32,
                                .fold = SPEC_FOLD_SUM,
                                .transform = SPEC_IDENTITY,
                                .label = SPEC_LABEL_ARGMAX,
                                .category = SPEC_CATEGORY_SIGN,
                                .n_outputs = 1,
                                .divisor = 1,
                                .parameter = 1};
    draft->facts.source = "large";
    draft->n_features = FEATURES;
    draft->features = must(calloc(FEATURES, sizeof(*draft->features)));
    for (i = 0; i < FEATURES; i++) {
        snprintf(name, sizeof(name), "f%u", (unsigned)i);
        draft->features[i].name = must(strdup(name));
        draft->features[i].type = IMAGE_REAL;
        draft->features[i].max = 1;
    }
    if (draft_columns_make(draft) != RESULT_OK)
        fail("columns", NULL);
    draft->n_targets = 1;
    draft->targets = must(calloc(1, sizeof(*draft->targets)));
    draft->base = must(calloc(1, sizeof(*draft->base)));
    draft->n_trees = n_trees;
    draft->trees = must(calloc(n_trees, sizeof(*draft->trees)));
    for (i = 0; i < n_trees; i++)
        make_tree(&draft->trees[i], &rng);
}

int main(int argc, char **argv)
{
    const unsigned long megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1024;
    const char *directory = argc > 2 ? argv[2] : ".";
    uint32_t n_trees = (uint32_t)(megabytes * 1024 / TREE_KB) + 1;
    struct draft draft = {0};
    struct reason why = {""};
    void *bytes;
    size_t len;
    uint64_t began = clock_mono_ns();

    make_draft(&draft, n_trees);
    printf("made in %.1f s: %u trees\n", seconds_since(began), n_trees);
    began = clock_mono_ns();
    if (draft_pack(&draft, &bytes, &len, &why) != RESULT_OK)
        fail("pack", &why);
    printf("packed in %.2f s: %zu bytes\n", seconds_since(began), len);
    (void)directory;
    return 0;
}
