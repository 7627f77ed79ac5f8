/*
 * prove.c: the proof that bytes are an image.
 *
 * Each step relies on the steps before it alone, so the order of `proofs` below is the
 * order of trust: first that the file is whole (size, checksum), then where its parts
 * are, then that the counts agree with the parts' lengths, then what is in each part.
 * A checksum keeps out accidents, not intent: whoever can write a file can sum it, so
 * nothing is taken on its word.
 */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "forest/layout.h"

const uint32_t layout_tags[LAYOUT__MAX] = {
    [LAYOUT_MODEL] = LAYOUT_TAG('M', 'O', 'D', 'L'),
    [LAYOUT_FACTS] = LAYOUT_TAG('F', 'A', 'C', 'T'),
    [LAYOUT_FEATURES] = LAYOUT_TAG('F', 'E', 'A', 'T'),
    [LAYOUT_INDEX] = LAYOUT_TAG('I', 'N', 'D', 'X'),
    [LAYOUT_CLASSES] = LAYOUT_TAG('C', 'L', 'A', 'S'),
    [LAYOUT_TEXTS] = LAYOUT_TAG('T', 'E', 'X', 'T'),
    [LAYOUT_TREES] = LAYOUT_TAG('T', 'R', 'E', 'E'),
    [LAYOUT_NODES] = LAYOUT_TAG('N', 'O', 'D', 'E'),
    [LAYOUT_LEAVES] = LAYOUT_TAG('L', 'E', 'A', 'F'),
    [LAYOUT_COVERS] = LAYOUT_TAG('C', 'O', 'V', 'R'),
    [LAYOUT_WORDS] = LAYOUT_TAG('W', 'O', 'R', 'D'),
};

/* The proof under way. */
struct proof {
    struct image *image;
    const char *name;
    struct reason *why;
};

static enum result refuse(const struct proof *proof, enum result result, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));

static enum result refuse(const struct proof *proof, enum result result, const char *format,
                          ...)
{
    char fault[256];
    va_list args;

    va_start(args, format);
    vsnprintf(fault, sizeof(fault), format, args);
    va_end(args);
    return reason_set(proof->why, result, "%s: %s", proof->name, fault);
}

static enum result prove_header(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_header *header = (const void *)image->bytes;

    if (image->len == 0)
        return refuse(proof, RESULT_MALFORMED, "the file is empty");
    if (image->len < sizeof(header->magic) ||
        memcmp(header->magic, LAYOUT_MAGIC, sizeof(header->magic)) != 0)
        return refuse(proof, RESULT_MALFORMED, "not a model image (.fgm)");
    if (image->len < sizeof(*header))
        return refuse(proof, RESULT_MALFORMED, "cut short within its header");
    if (header->version != LAYOUT_VERSION)
        return refuse(proof, RESULT_INVALID,
                      "an image of version %u; this program reads version %d", header->version,
                      LAYOUT_VERSION);
    if (header->size != image->len)
        return refuse(proof, RESULT_MALFORMED, "has %zu bytes, its header says %llu",
                      image->len, (unsigned long long)header->size);
    if (header->reserved != 0 || header->n_sections > LAYOUT_MAX_SECTIONS ||
        header->n_sections * sizeof(struct layout_section) > image->len - sizeof(*header))
        return refuse(proof, RESULT_MALFORMED, "the table of sections is not in the file");
    return RESULT_OK;
}

static enum result prove_checksum(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_header *header = (const void *)image->bytes;
    uint8_t sum[DIGEST_BYTES];

    if (digest_of(image->bytes + LAYOUT_SUMMED_FROM, image->len - LAYOUT_SUMMED_FROM, sum) !=
        RESULT_OK)
        return refuse(proof, RESULT_FAILED, "SHA-256 failed");
    if (memcmp(sum, header->sha256, sizeof(sum)) != 0)
        return refuse(proof, RESULT_MALFORMED, "damaged: its checksum is not right");
    digest_to_hex(sum, image->hex);
    return RESULT_OK;
}

static enum layout_part part_of_tag(uint32_t tag)
{
    unsigned part = 0;

    while (part < LAYOUT__MAX && layout_tags[part] != tag)
        part++;
    return part;
}

/* One entry of the table; *end is where the section before it ended. */
static enum result prove_section(const struct proof *proof,
                                 const struct layout_section *section, uint64_t *end)
{
    struct image *image = proof->image;
    enum layout_part part = part_of_tag(section->tag);
    const char *tag = (const char *)&section->tag;

    if (section->offset % LAYOUT_ALIGN != 0 || section->offset < *end ||
        section->offset > image->len || section->length > image->len - section->offset)
        return refuse(proof, RESULT_MALFORMED, "section %.4s is not within the file", tag);
    *end = section->offset + section->length;
    if (part == LAYOUT__MAX && (section->flags & LAYOUT_NEEDED) != 0)
        return refuse(proof, RESULT_INVALID,
                      "needs section %.4s, which this program does not know", tag);
    if (part == LAYOUT__MAX)
        return RESULT_OK;
    if (image->parts[part] != NULL)
        return refuse(proof, RESULT_MALFORMED, "section %.4s is there twice", tag);
    image->parts[part] = image->bytes + section->offset;
    image->lengths[part] = section->length;
    return RESULT_OK;
}

static enum result prove_sections(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_header *header = (const void *)image->bytes;
    const struct layout_section *sections = (const void *)(header + 1);
    uint64_t end = sizeof(*header) + header->n_sections * sizeof(*sections);
    enum result result;
    uint32_t i;

    for (i = 0; i < header->n_sections; i++)
        if ((result = prove_section(proof, &sections[i], &end)) != RESULT_OK)
            return result;
    if (end != image->len)
        return refuse(proof, RESULT_MALFORMED, "has bytes behind its last section");
    for (i = 0; i < LAYOUT__MAX; i++)
        if (image->parts[i] == NULL && i != LAYOUT_CLASSES && i != LAYOUT_WORDS)
            return refuse(proof, RESULT_MALFORMED, "section %.4s is missing",
                          (const char *)&layout_tags[i]);
    return RESULT_OK;
}

/* That the model is of a kind that the walk knows, and its counts within bounds. */
static enum result prove_model(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_model *model = (const void *)image->parts[LAYOUT_MODEL];
    bool classify;

    if (image->lengths[LAYOUT_MODEL] != sizeof(*model))
        return refuse(proof, RESULT_MALFORMED, "section MODL has a wrong length");
    image->model = model;
    if (model->node_format != LAYOUT_NODES_PAIRED || model->rule != LAYOUT_RULE_F32_LE ||
        model->output != LAYOUT_OUTPUT_MEAN || model->reserved != 0)
        return refuse(proof, RESULT_INVALID,
                      "nodes %u, rule %u, output %u: a kind that this program does not know",
                      model->node_format, model->rule, model->output);
    if (model->task != SPEC_CLASSIFY && model->task != SPEC_REGRESS)
        return refuse(proof, RESULT_INVALID, "task %u is none that is known", model->task);
    if (model->n_features < 1 || model->n_features > IMAGE_MAX_FEATURES)
        return refuse(proof, RESULT_MALFORMED, "%u features, must be 1 to %d",
                      model->n_features, IMAGE_MAX_FEATURES);
    if (model->n_trees < 1 || model->n_trees > IMAGE_MAX_TREES)
        return refuse(proof, RESULT_MALFORMED, "%u trees, must be 1 to %d", model->n_trees,
                      IMAGE_MAX_TREES);
    classify = model->task == SPEC_CLASSIFY;
    if (classify ? model->n_classes < 2 || model->n_classes > IMAGE_MAX_CLASSES
                 : model->n_classes != 0)
        return refuse(proof, RESULT_MALFORMED, "%u classes, must be %s", model->n_classes,
                      classify ? "2 to 4096" : "0 for a regression");
    if (model->n_outputs != (classify ? model->n_classes : 1))
        return refuse(proof, RESULT_MALFORMED, "%u outputs do not fit its task",
                      model->n_outputs);
    if (model->feature_bits > 16 || model->n_features > UINT32_C(1) << model->feature_bits)
        return refuse(proof, RESULT_MALFORMED, "%u bits are wrong for %u features",
                      model->feature_bits, model->n_features);
    return RESULT_OK;
}

/* That each part is as long as the counts say; from here on the arrays may be read. */
static enum result prove_lengths(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_model *model = image->model;
    const uint64_t most = image->len; /* no count of elements can be over it */
    const uint64_t lengths[LAYOUT__MAX] = {
        [LAYOUT_MODEL] = sizeof(*model),
        [LAYOUT_FACTS] = sizeof(struct layout_facts),
        [LAYOUT_FEATURES] = model->n_features * sizeof(struct layout_feature),
        [LAYOUT_INDEX] = model->n_features * sizeof(uint32_t),
        [LAYOUT_CLASSES] = model->n_classes * sizeof(struct layout_text),
        [LAYOUT_TEXTS] = image->lengths[LAYOUT_TEXTS],
        [LAYOUT_TREES] = model->n_trees * sizeof(struct layout_tree),
        [LAYOUT_NODES] = model->n_slots * sizeof(struct layout_node),
        [LAYOUT_LEAVES] = (uint64_t)model->n_leaves * model->n_outputs * sizeof(double),
        [LAYOUT_COVERS] = model->n_slots * sizeof(double),
        [LAYOUT_WORDS] = image->lengths[LAYOUT_WORDS],
    };
    unsigned i;

    if (model->n_slots > most)
        return refuse(proof, RESULT_MALFORMED, "has more nodes than bytes");
    for (i = 0; i < LAYOUT__MAX; i++)
        if (image->lengths[i] != lengths[i])
            return refuse(proof, RESULT_MALFORMED,
                          "section %.4s has a length of %llu, must be %llu",
                          (const char *)&layout_tags[i], (unsigned long long)image->lengths[i],
                          (unsigned long long)lengths[i]);
    image->features = (const void *)image->parts[LAYOUT_FEATURES];
    image->index = (const void *)image->parts[LAYOUT_INDEX];
    image->classes = (const void *)image->parts[LAYOUT_CLASSES];
    image->texts = (const void *)image->parts[LAYOUT_TEXTS];
    image->trees = (const void *)image->parts[LAYOUT_TREES];
    image->nodes = (const void *)image->parts[LAYOUT_NODES];
    image->leaves = (const void *)image->parts[LAYOUT_LEAVES];
    image->covers = (const void *)image->parts[LAYOUT_COVERS];
    return RESULT_OK;
}

/* One text: in the texts, its NUL behind it, UTF-8 without control characters. */
static bool text_is_right(const struct image *image, const struct layout_text *text)
{
    uint64_t size = image->lengths[LAYOUT_TEXTS];
    uint32_t i;

    if (text->length < 1 || text->length > IMAGE_MAX_NAME || text->offset >= size ||
        text->length >= size - text->offset ||
        image->texts[text->offset + text->length] != '\0')
        return false;
    for (i = 0; i < text->length; i++) {
        unsigned char c = (unsigned char)image->texts[text->offset + i];

        if (c < ' ' || c == 127)
            return false;
    }
    return utf8_valid(image->texts + text->offset, text->length);
}

static enum result prove_features(const struct proof *proof)
{
    const struct image *image = proof->image;
    uint32_t i;

    for (i = 0; i < image->model->n_features; i++) {
        const struct layout_feature *feature = &image->features[i];

        if (!text_is_right(image, &feature->name))
            return refuse(proof, RESULT_MALFORMED, "the name of feature %u is not right", i);
        if (feature->type < IMAGE_REAL || feature->type >= IMAGE_TYPE__MAX ||
            feature->reserved != 0)
            return refuse(proof, RESULT_INVALID, "feature %u is of unknown type %u", i,
                          feature->type);
        if (!isfinite(feature->min) || !isfinite(feature->max) || feature->min > feature->max)
            return refuse(proof, RESULT_MALFORMED, "the range of feature %u is not right", i);
        if (!(feature->importance >= 0 && feature->importance <= 1))
            return refuse(proof, RESULT_MALFORMED,
                          "the importance of feature %u is not in 0 to 1", i);
    }
    return RESULT_OK;
}

/* Names that rise strictly are all different, and so are the features that have them. */
static enum result prove_index(const struct proof *proof)
{
    const struct image *image = proof->image;
    const char *before = NULL;
    uint32_t i;

    for (i = 0; i < image->model->n_features; i++) {
        const char *name;

        if (image->index[i] >= image->model->n_features)
            return refuse(proof, RESULT_MALFORMED, "the index of names has no feature %u",
                          image->index[i]);
        name = image->texts + image->features[image->index[i]].name.offset;
        if (before != NULL && strcmp(before, name) >= 0)
            return refuse(proof, RESULT_MALFORMED, "the index of names is not in order");
        before = name;
    }
    return RESULT_OK;
}

static enum result prove_classes(const struct proof *proof)
{
    const struct image *image = proof->image;
    uint32_t i;

    for (i = 0; i < image->model->n_classes; i++)
        if (!text_is_right(image, &image->classes[i]))
            return refuse(proof, RESULT_MALFORMED, "the label of class %u is not right", i);
    return RESULT_OK;
}

static enum result prove_facts(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_facts *facts = (const void *)image->parts[LAYOUT_FACTS];
    struct image_facts *out = &image->facts;

    if (!text_is_right(image, &facts->source) || !isfinite(facts->oob_score) ||
        facts->metric > IMAGE_R2 || facts->has_data_sha256 > 1)
        return refuse(proof, RESULT_MALFORMED, "the training facts are not right");
    out->source = image->texts + facts->source.offset;
    out->date = facts->date;
    out->rows = facts->rows;
    out->seed = facts->seed;
    out->trees = facts->trees;
    out->max_features = facts->max_features;
    out->max_depth = facts->max_depth;
    out->min_samples_leaf = facts->min_samples_leaf;
    out->metric = facts->metric;
    out->oob_score = facts->oob_score;
    out->oob_rows = facts->oob_rows;
    if (facts->has_data_sha256 != 0)
        digest_to_hex(facts->data_sha256, out->data_sha256);
    return RESULT_OK;
}

/* Trees follow each other without a gap, each of an even number of slots, 2 or more. */
static enum result prove_trees(const struct proof *proof)
{
    const struct image *image = proof->image;
    uint32_t t;

    if (image->trees[0].begin != 0)
        return refuse(proof, RESULT_MALFORMED, "tree 0 does not begin with the nodes");
    for (t = 0; t < image->model->n_trees; t++) {
        uint64_t begin = image->trees[t].begin, end = layout_tree_end(image, t);

        if (end > image->model->n_slots || end < begin || end - begin < 2 ||
            (end - begin) % 2 != 0 || (end - begin) / 2 > UINT32_MAX / 2)
            return refuse(proof, RESULT_MALFORMED, "tree %u is not within the nodes", t);
    }
    return RESULT_OK;
}

/* The node in one slot; depths has, for each pair of slots, how deep it is, 0 if unknown. */
static enum result prove_node(const struct proof *proof, uint32_t t, uint32_t slot,
                              uint32_t n_pairs, uint32_t *depths)
{
    const struct layout_model *model = proof->image->model;
    const struct layout_node *node = &proof->image->nodes[proof->image->trees[t].begin + slot];
    const double cover = proof->image->covers[proof->image->trees[t].begin + slot];
    uint32_t pair = node->link >> model->feature_bits;
    uint32_t feature = node->link & ((UINT32_C(1) << model->feature_bits) - 1);

    if (!isfinite(cover) || cover < 0)
        return refuse(proof, RESULT_MALFORMED, "tree %u, node %u: its cover is not right", t,
                      slot);
    if (node->link == 0 && node->leaf >= model->n_leaves)
        return refuse(proof, RESULT_MALFORMED, "tree %u, node %u: leaf %u of %u", t, slot,
                      node->leaf, model->n_leaves);
    if (node->link == 0)
        return RESULT_OK;
    if (feature >= model->n_features)
        return refuse(proof, RESULT_MALFORMED, "tree %u, node %u: feature %u of %u", t, slot,
                      feature, model->n_features);
    if (!isfinite(node->threshold))
        return refuse(proof, RESULT_MALFORMED, "tree %u, node %u: its threshold is not finite",
                      t, slot);
    if (pair >= n_pairs)
        return refuse(proof, RESULT_MALFORMED, "tree %u, node %u: its children are in no slot",
                      t, slot);
    if (pair <= slot / 2)
        return refuse(proof, RESULT_MALFORMED,
                      "tree %u, node %u: its children are not behind it", t, slot);
    if (depths[pair] != 0)
        return refuse(proof, RESULT_MALFORMED, "tree %u, node %u: its children have a parent",
                      t, slot);
    depths[pair] = depths[slot / 2] + 1;
    return RESULT_OK;
}

/*
 * One tree.  Children stand behind their parent and have one parent alone, so there is
 * no cycle; a pair that no node before it has for children is an orphan; so from the
 * root every node is reached, and once.
 */
static enum result prove_tree(const struct proof *proof, uint32_t t, uint32_t *depths,
                              uint32_t *depth)
{
    const struct image *image = proof->image;
    const uint64_t begin = image->trees[t].begin;
    uint32_t slot, n_slots = (uint32_t)(layout_tree_end(image, t) - begin);
    enum result result;

    if (image->nodes[begin].link != 0 || image->nodes[begin].leaf != 0 ||
        fpclassify(image->covers[begin]) != FP_ZERO)
        return refuse(proof, RESULT_MALFORMED, "tree %u: its empty slot is not empty", t);
    memset(depths, 0, n_slots / 2 * sizeof(*depths));
    for (slot = 1; slot < n_slots; slot++) {
        if (slot > 1 && depths[slot / 2] == 0)
            return refuse(proof, RESULT_MALFORMED, "tree %u, node %u: has no parent", t, slot);
        if ((result = prove_node(proof, t, slot, n_slots / 2, depths)) != RESULT_OK)
            return result;
        if (depths[slot / 2] > *depth)
            *depth = depths[slot / 2];
    }
    return RESULT_OK;
}

static enum result prove_nodes(const struct proof *proof)
{
    const struct image *image = proof->image;
    enum result result = RESULT_OK;
    uint64_t most = 0;
    uint32_t t, *depths, depth = 0;

    for (t = 0; t < image->model->n_trees; t++) {
        uint64_t n = layout_tree_end(image, t) - image->trees[t].begin;

        most = n > most ? n : most;
    }
    depths = malloc((most / 2 + 1) * sizeof(*depths));
    if (depths == NULL)
        return refuse(proof, RESULT_NOMEM, "no memory to prove its trees");
    for (t = 0; t < image->model->n_trees && result == RESULT_OK; t++)
        result = prove_tree(proof, t, depths, &depth);
    free(depths);
    if (result == RESULT_OK && depth != image->model->depth)
        return refuse(proof, RESULT_MALFORMED, "is %u deep, its header says %u", depth,
                      image->model->depth);
    return result;
}

/* Leaves are finite; those of classes are fractions that sum to 1. */
static enum result prove_leaves(const struct proof *proof)
{
    const struct image *image = proof->image;
    const uint32_t n = image->model->n_outputs;
    bool fractions = image->model->task == SPEC_CLASSIFY;
    uint32_t leaf, k;

    for (leaf = 0; leaf < image->model->n_leaves; leaf++) {
        const double *row = image->leaves + (size_t)leaf * n;
        double sum = 0;

        for (k = 0; k < n; k++) {
            if (!isfinite(row[k]) || (fractions && (row[k] < 0 || row[k] > 1)))
                return refuse(proof, RESULT_MALFORMED, "leaf %u: output %u is not %s", leaf, k,
                              fractions ? "in 0 to 1" : "finite");
            sum += row[k];
        }
        if (fractions && fabs(sum - 1) > 1e-9)
            return refuse(proof, RESULT_MALFORMED, "leaf %u: its fractions do not sum to 1",
                          leaf);
    }
    return RESULT_OK;
}

/* That a text model's words make the row that its forest takes. */
static enum result prove_words(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_model *model = image->model;
    const struct text_head *head;
    struct reason why;
    enum result result;

    if (image->parts[LAYOUT_WORDS] == NULL)
        return RESULT_OK;
    result = text_prove(image->parts[LAYOUT_WORDS], image->lengths[LAYOUT_WORDS], &image->words,
                        &why);
    if (result != RESULT_OK)
        return refuse(proof, result, "%.200s", why.text);
    head = image->words.head;
    if (model->task != SPEC_CLASSIFY || head->n_sets != text_sets(model->n_classes) ||
        text_n_features(head) != model->n_features)
        return refuse(proof, RESULT_MALFORMED, "its words are not those of its forest");
    return RESULT_OK;
}

enum result prove_image(struct image *image, const char *name, struct reason *why)
{
    static enum result (*const proofs[])(const struct proof *) = {
        prove_header,   prove_checksum, prove_sections, prove_model, prove_lengths,
        prove_features, prove_index,    prove_classes,  prove_facts, prove_trees,
        prove_nodes,    prove_leaves,   prove_words,
    };
    const struct proof proof = {image, name, why};
    enum result result = RESULT_OK;
    size_t i;

    for (i = 0; i < sizeof(proofs) / sizeof(proofs[0]) && result == RESULT_OK; i++)
        result = proofs[i](&proof);
    return result;
}
