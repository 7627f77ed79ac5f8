/*
 * shap.c: the contributions of features to one tree's answer; see shap.h for what they are.
 *
 * For each level of the way from the root to the node at hand there is a frame, with
 * vectors of one number for each point of the quadrature:
 *
 *     product  of all features' factors on the way, each feature counted once
 *     inverse  one over the factor of the feature of the split above
 *     weight   what a product counts for that feature: rule's weight x (o - w) / factor
 *     change   the same less that of the split before on the same feature, which all
 *              leaves below would else count twice
 *     sums     for each output: the leaves' values x their products, of what is done below
 *
 * On the way down a factor is multiplied in, and divided out if its feature was there
 * before; on the way up the sums below an edge, times its change, are what they add to
 * the edge's feature.  A feature that is not satisfied once has the factor w (1 - t)
 * from there on, so that further splits on it scale the product and change nothing.
 */
#include "forest/shap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest/exact.h"
#include "forest/quadrature.h"

enum {
    LANES = 4, /* points come by fours */
    MAX_BLOCKS = SHAP_MAX_PLAYERS / 2 / LANES,
    NO_LEVEL = UINT32_MAX,
};

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

enum way {
    WAY_TAKEN,  /* the row goes this way at all splits on the feature so far */
    WAY_LEFT,   /* it left the way at a split on the feature */
    WAY_CLOSED, /* no row can be here, whatever is known of it */
};

struct frame {
    /* of the edge that leads here */
    double share;     /* the product of the feature's shares: w */
    uint32_t feature; /* of the split above */
    uint32_t before;  /* the level below the split before on that feature; 0: none */
    enum way way;
    bool counts; /* change is not all 0 */
    /* of the split that is here */
    uint32_t splits; /* its feature */
    bool goes_left;
    bool second; /* its left side is done */
};

enum {
    RULE_POINT,
    RULE_REST,   /* 1 - point */
    RULE_WEIGHT, /* of the quadrature */
    RULE_LEFT,   /* -weight / (1 - point): what counts for a feature whose way was left */
    RULE__MAX
};

enum {
    PRODUCT,
    INVERSE,
    WEIGHT,
    CHANGE,
    SUMS,
    VECTORS = SUMS + SHAP_WIDTH
};

struct shap {
    enum spec_category category;
    bool rounds;                 /* values to float32 before they are compared */
    uint32_t max_blocks, blocks; /* of the rules, of the tree at hand */
    uint32_t closed;      /* the level of a closed way that is passed over, or NO_LEVEL */
    struct frame *frames; /* of levels 0 to levels */
    lanes *vectors;       /* VECTORS x blocks for each frame */
    lanes *rules;         /* rule after rule, of 1 block, 2 blocks, ... */
    uint32_t *last;       /* of each feature: the level below the last split on it, or 0 */
};

/* The rule of so many blocks. */
static const lanes *rule_of(const struct shap *shap, uint32_t blocks)
{
    return shap->rules + (size_t)RULE__MAX * blocks * (blocks - 1) / 2;
}

static void rules_make(struct shap *shap)
{
    double points[MAX_BLOCKS * LANES], weights[MAX_BLOCKS * LANES];
    uint32_t blocks, i, n;
    double *rule;

    for (blocks = 1; blocks <= shap->max_blocks; blocks++) {
        n = blocks * LANES;
        rule = (double *)rule_of(shap, blocks);
        quadrature_make(n, points, weights);
        for (i = 0; i < n; i++) {
            rule[RULE_POINT * n + i] = points[i];
            rule[RULE_REST * n + i] = 1 - points[i];
            rule[RULE_WEIGHT * n + i] = weights[i];
            rule[RULE_LEFT * n + i] = -weights[i] / (1 - points[i]);
        }
    }
}

static uint32_t blocks_for(uint32_t players)
{
    uint32_t blocks = (players + 2 * LANES - 1) / (2 * LANES);

    return blocks == 0 ? 1 : blocks > MAX_BLOCKS ? MAX_BLOCKS : blocks;
}

uint32_t shap_blocks(uint32_t levels, uint32_t n_features)
{
    return blocks_for(levels < n_features ? levels : n_features);
}

static lanes *lanes_new(size_t count)
{
    lanes *all = aligned_alloc(2 * sizeof(lanes), (count * sizeof(lanes) + 63) / 64 * 64);

    return all;
}

enum result shap_new(uint32_t levels, uint32_t n_features, const struct spec *spec,
                     struct shap **out, struct reason *why)
{
    const uint32_t blocks = shap_blocks(levels, n_features);
    const size_t vectors = ((size_t)levels + 1) * VECTORS * blocks;
    struct shap *shap;

    *out = NULL;
    if (vectors > SHAP_MAX_BYTES / sizeof(lanes))
        return reason_set(why, RESULT_TOO_BIG, "the trees are too deep (%u splits) to explain",
                          (unsigned)levels);
    shap = calloc(1, sizeof(*shap));
    if (shap == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    shap->category = spec->category;
    shap->rounds = spec->compare == SPEC_COMPARE_F32;
    shap->max_blocks = blocks;
    shap->frames = calloc((size_t)levels + 1, sizeof(*shap->frames));
    shap->vectors = lanes_new(vectors);
    shap->rules = lanes_new((size_t)RULE__MAX * blocks * (blocks + 1) / 2);
    shap->last = calloc((size_t)n_features + 1, sizeof(*shap->last));
    if (shap->frames == NULL || shap->vectors == NULL || shap->rules == NULL ||
        shap->last == NULL) {
        shap_free(shap);
        return reason_set(why, RESULT_NOMEM, "out of memory");
    }
    rules_make(shap);
    *out = shap;
    return RESULT_OK;
}

void shap_free(struct shap *shap)
{
    if (shap == NULL)
        return;
    free(shap->frames);
    free(shap->vectors);
    free(shap->rules);
    free(shap->last);
    free(shap);
}

void shap_begin(struct shap *shap, uint32_t players)
{
    uint32_t blocks = blocks_for(players), i;
    double *root = (double *)shap->vectors;

    shap->blocks = blocks < shap->max_blocks ? blocks : shap->max_blocks;
    shap->closed = NO_LEVEL;
    shap->frames[0] = (struct frame){.share = 1, .way = WAY_TAKEN};
    for (i = 0; i < shap->blocks * LANES; i++) {
        root[(PRODUCT * shap->blocks) * LANES + i] = 1;
        root[(INVERSE * shap->blocks) * LANES + i] = 1;
        root[(WEIGHT * shap->blocks) * LANES + i] = 0;
        root[(CHANGE * shap->blocks) * LANES + i] = 0;
    }
}

static bool in_set(const struct shap *shap, const struct shap_node *node, double value)
{
    uint64_t code; /* a set may have more words than 32 bits have categories */

    if (shap->category == SPEC_CATEGORY_SIGN ? value < 0 : value <= -1)
        return false;
    if (!(value < 32.0 * node->n_words))
        return false;
    code = (uint64_t)value;
    return code / 32 < node->n_words && (node->words[code / 32] >> code % 32 & 1) != 0;
}

/* As draft.h says it. */
static inline bool goes_left(const struct shap *shap, const struct shap_node *node,
                             const double *values)
{
    double value = values[node->feature];

    if (node->mend != DRAFT_KEEP)
        value = exact_mend(node->mend, node->known, value);
    if (shap->rounds)
        value = (double)(float)value;
    if (node->words != NULL)
        return isnan(value) ? node->nan_left : in_set(shap, node, value);
    return value <= node->threshold || (node->nan_left && isnan(value));
}

/* What a pass over nodes needs at hand; blocks and width are constants where it is fast. */
struct pass {
    struct shap *shap;
    const lanes *rule;
    const struct shap_row *row;
    uint32_t blocks, width;
};

#define INLINE static inline __attribute__((always_inline))

INLINE lanes *vectors_of(const struct pass *pass, uint32_t level)
{
    return pass->shap->vectors + (size_t)level * VECTORS * pass->blocks;
}

INLINE double lanes_sum(const lanes *all)
{
    return ((*all)[0] + (*all)[1]) + ((*all)[2] + (*all)[3]);
}

/* The way that the row takes, or one that it takes as far as this feature is unknown. */
INLINE void edge_taken(const struct pass *pass, uint32_t level, double share)
{
    const size_t blocks = pass->blocks;
    struct frame *frame = &pass->shap->frames[level];
    const lanes *old = vectors_of(pass, frame->before), *above = vectors_of(pass, level - 1);
    const lanes *rule = pass->rule;
    lanes *here = vectors_of(pass, level), factor;

    for (size_t i = 0; i < blocks; i++) {
        factor = share * rule[RULE_REST * blocks + i] + rule[RULE_POINT * blocks + i];
        here[PRODUCT * blocks + i] =
            above[PRODUCT * blocks + i] * factor * old[INVERSE * blocks + i];
        here[INVERSE * blocks + i] = 1 / factor;
        here[WEIGHT * blocks + i] =
            (1 - share) * rule[RULE_WEIGHT * blocks + i] * here[INVERSE * blocks + i];
        here[CHANGE * blocks + i] = here[WEIGHT * blocks + i] - old[WEIGHT * blocks + i];
    }
    frame->way = WAY_TAKEN;
    frame->counts = true;
}

INLINE void edge_left(const struct pass *pass, uint32_t level, double share)
{
    const size_t blocks = pass->blocks;
    struct frame *frame = &pass->shap->frames[level];
    const lanes *old = vectors_of(pass, frame->before), *above = vectors_of(pass, level - 1);
    const lanes *rule = pass->rule;
    lanes *here = vectors_of(pass, level);

    for (size_t i = 0; i < blocks; i++) {
        here[PRODUCT * blocks + i] = above[PRODUCT * blocks + i] *
                                     (share * rule[RULE_REST * blocks + i]) *
                                     old[INVERSE * blocks + i];
        here[CHANGE * blocks + i] = rule[RULE_LEFT * blocks + i] - old[WEIGHT * blocks + i];
    }
    frame->way = share > 0 ? WAY_LEFT : WAY_CLOSED;
    frame->counts = true;
}

/* A further split on a feature whose way was left above. */
INLINE void edge_scaled(const struct pass *pass, uint32_t level, double share)
{
    const size_t blocks = pass->blocks;
    struct frame *frame = &pass->shap->frames[level];
    const lanes *above = vectors_of(pass, level - 1);
    lanes *here = vectors_of(pass, level);

    for (size_t i = 0; i < blocks; i++)
        here[PRODUCT * blocks + i] = above[PRODUCT * blocks + i] * share;
    frame->way = share > 0 ? WAY_LEFT : WAY_CLOSED;
    frame->counts = false;
}

/* Goes down to a node; level is above 0. */
INLINE void edge_down(const struct pass *pass, const struct shap_node *node)
{
    struct shap *shap = pass->shap;
    const uint32_t level = node->level;
    const struct frame *above = &shap->frames[level - 1];
    struct frame *frame = &shap->frames[level];
    const uint32_t feature = above->splits;
    const struct frame *old = &shap->frames[shap->last[feature]];

    frame->feature = feature;
    frame->before = shap->last[feature];
    frame->share = old->share * node->share;
    shap->last[feature] = level;
    if (old->way != WAY_TAKEN)
        edge_scaled(pass, level, node->share);
    else if (above->goes_left != above->second)
        edge_taken(pass, level, frame->share);
    else
        edge_left(pass, level, frame->share);
}

/* A leaf's outputs into what its edge counts and into the sums above. */
INLINE void leaf_up(const struct pass *pass, const struct shap_node *node)
{
    const size_t blocks = pass->blocks;
    const struct frame *frame = &pass->shap->frames[node->level];
    const lanes *here = vectors_of(pass, node->level);
    lanes *sums = vectors_of(pass, node->level - 1) + SUMS * blocks, all = {0};
    const double *leaf = node->leaf + pass->row->first;
    double counts = 0;

    if (frame->counts) {
        for (size_t i = 0; i < blocks; i++)
            all += here[PRODUCT * blocks + i] * here[CHANGE * blocks + i];
        counts = lanes_sum(&all);
    }
    for (uint32_t k = 0; k < pass->width; k++) {
        pass->row->phi[k * pass->row->stride + frame->feature] += leaf[k] * counts;
        for (size_t i = 0; i < blocks; i++)
            sums[k * blocks + i] += leaf[k] * here[PRODUCT * blocks + i];
    }
}

/* The same for a split whose both sides are done. */
INLINE void split_up(const struct pass *pass, uint32_t level)
{
    const size_t blocks = pass->blocks;
    const struct frame *frame = &pass->shap->frames[level];
    const lanes *here = vectors_of(pass, level), *change = here + CHANGE * blocks;
    lanes *sums = vectors_of(pass, level - 1) + SUMS * blocks, all;

    for (uint32_t k = 0; k < pass->width; k++) {
        const lanes *own = here + (SUMS + k) * blocks;

        if (frame->counts) {
            all = (lanes){0};
            for (size_t i = 0; i < blocks; i++)
                all += own[i] * change[i];
            pass->row->phi[k * pass->row->stride + frame->feature] += lanes_sum(&all);
        }
        for (size_t i = 0; i < blocks; i++)
            sums[k * blocks + i] += own[i];
    }
}

INLINE void split_begin(const struct pass *pass, const struct shap_node *node)
{
    struct frame *frame = &pass->shap->frames[node->level];
    lanes *sums = vectors_of(pass, node->level) + (size_t)SUMS * pass->blocks;

    frame->splits = node->feature;
    frame->goes_left = goes_left(pass->shap, node, pass->row->values);
    frame->second = false;
    for (uint32_t i = 0; i < pass->width * pass->blocks; i++)
        sums[i] = (lanes){0};
}

/* What was reached at that level is done: up to the first split with a side to do. */
INLINE void climb(const struct pass *pass, uint32_t level)
{
    struct shap *shap = pass->shap;

    while (level > 0) {
        shap->last[shap->frames[level].feature] = shap->frames[level].before;
        level--;
        if (!shap->frames[level].second) {
            shap->frames[level].second = true;
            break;
        }
        if (level > 0)
            split_up(pass, level);
    }
}

INLINE void pass_run(const struct pass *pass, const struct shap_node *nodes, size_t n)
{
    struct shap *shap = pass->shap;

    for (size_t i = 0; i < n; i++) {
        const struct shap_node *node = &nodes[i];

        if (node->level > shap->closed && shap->closed != NO_LEVEL)
            continue;
        shap->closed = NO_LEVEL;
        if (node->level > 0)
            edge_down(pass, node);
        if (shap->frames[node->level].way == WAY_CLOSED) {
            shap->closed = node->level;
            climb(pass, node->level);
        } else if (node->leaf == NULL) {
            split_begin(pass, node);
        } else if (node->level > 0) {
            leaf_up(pass, node);
            climb(pass, node->level);
        }
    }
}

/*
 * Copies of the pass for what is most frequent, with constants in the place of numbers, and
 * for what the processor has.  All give the same bits: the order of sums is the code's.
 */
typedef void pass_copy(struct pass pass, const struct shap_node *nodes, size_t n);

#define PASS(NAME, BLOCKS, WIDTH, TARGET)                                              \
    TARGET static void NAME(struct pass pass, const struct shap_node *nodes, size_t n) \
    {                                                                                  \
        pass.blocks = BLOCKS;                                                          \
        pass.width = WIDTH;                                                            \
        pass_run(&pass, nodes, n);                                                     \
    }

enum {
    COPY_BLOCKS = 4, /* 1, 2, 3, or any number of blocks */
    COPY_WIDTHS = 2, /* one output, or any number */
};

#define PASSES(NAME, TARGET)                                   \
    PASS(NAME##_1_1, 1, 1, TARGET)                             \
    PASS(NAME##_2_1, 2, 1, TARGET)                             \
    PASS(NAME##_3_1, 3, 1, TARGET)                             \
    PASS(NAME##_n_1, pass.blocks, 1, TARGET)                   \
    PASS(NAME##_1_n, 1, pass.width, TARGET)                    \
    PASS(NAME##_2_n, 2, pass.width, TARGET)                    \
    PASS(NAME##_3_n, 3, pass.width, TARGET)                    \
    PASS(NAME##_n_n, pass.blocks, pass.width, TARGET)          \
    static pass_copy *const NAME[COPY_WIDTHS][COPY_BLOCKS] = { \
        {NAME##_1_1, NAME##_2_1, NAME##_3_1, NAME##_n_1},      \
        {NAME##_1_n, NAME##_2_n, NAME##_3_n, NAME##_n_n},      \
    };

PASSES(plain, )
#ifdef __x86_64__
PASSES(avx2, __attribute__((target("avx2"))))
#endif

void shap_add(struct shap *shap, const struct shap_node *nodes, size_t n,
              const struct shap_row *row)
{
    const struct pass pass = {.shap = shap,
                              .rule = rule_of(shap, shap->blocks),
                              .row = row,
                              .blocks = shap->blocks,
                              .width = row->width};
    const uint32_t of_width = row->width > 1;
    const uint32_t of_blocks = shap->blocks < COPY_BLOCKS ? shap->blocks - 1 : COPY_BLOCKS - 1;

#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) {
        avx2[of_width][of_blocks](pass, nodes, n);
        return;
    }
#endif
    plain[of_width][of_blocks](pass, nodes, n);
}
