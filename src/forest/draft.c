/*
 * draft.c: from a draft to the bytes of an image, and to a file.
 *
 * The bytes depend on the draft alone: padding is zero, texts and sections have one
 * order, and equal rows of outputs are kept once, in the order in which the trees first
 * have them.
 */
#include "forest/draft.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "forest/layout.h"

/* The packing under way. */
struct packer {
    const struct draft *draft;
    struct layout_model model;
    uint64_t lengths[LAYOUT__MAX], offsets[LAYOUT__MAX];
    struct buf texts;
    struct layout_text source, *names, *labels;
    uint32_t *index; /* the features by name */
    double *leaves;  /* the different rows of outputs, model.n_leaves of them */
    uint32_t *rows;  /* for each leaf of the trees, one after another: its row of those */
    uint32_t *shelf; /* hash table of rows + 1, 0 is free; shelf_size is a power of two */
    size_t shelf_size;
    uint8_t *bytes;
};

static void tree_free(struct draft_tree *tree)
{
    uint32_t i;

    for (i = 0; i < tree->n_sets && tree->sets != NULL; i++)
        free(tree->sets[i].words);
    for (i = 0; i < tree->n_leaves && tree->linear != NULL; i++) {
        free(tree->linear[i].weights);
        free(tree->linear[i].features);
    }
    free(tree->nodes);
    free(tree->leaves);
    free(tree->sets);
    free(tree->linear);
}

static void names_free(char **names, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n && names != NULL; i++)
        free(names[i]);
    free(names);
}

void draft_free(struct draft *draft)
{
    uint32_t i;

    for (i = 0; i < draft->n_features && draft->features != NULL; i++) {
        free(draft->features[i].name);
        names_free(draft->features[i].values, draft->features[i].n_values);
    }
    for (i = 0; i < draft->n_targets && draft->targets != NULL; i++) {
        free(draft->targets[i].name);
        names_free(draft->targets[i].labels, draft->targets[i].n_classes);
    }
    for (i = 0; i < draft->n_trees && draft->trees != NULL; i++)
        tree_free(&draft->trees[i]);
    free(draft->features);
    free(draft->columns);
    free(draft->targets);
    free(draft->trees);
    free(draft->base);
    free(draft->thresholds);
    free(draft->text);
    memset(draft, 0, sizeof(*draft));
}

enum result draft_columns_make(struct draft *draft)
{
    uint32_t i;

    draft->columns = calloc(draft->n_features, sizeof(*draft->columns));
    if (draft->columns == NULL)
        return RESULT_NOMEM;
    draft->n_columns = draft->n_features;
    for (i = 0; i < draft->n_features; i++)
        draft->columns[i] = (struct draft_column){i, DRAFT_KEEP};
    return RESULT_OK;
}

static enum result too_big(struct reason *why, const char *what)
{
    return reason_set(why, RESULT_TOO_BIG, "the forest has too many %s for an image", what);
}

static unsigned bits_for(uint64_t count)
{
    unsigned bits = 0;

    while (UINT64_C(1) << bits < count)
        bits++;
    return bits;
}

/* Most splits on a way to a leaf of a tree whose children stand behind their parents. */
static uint32_t tree_depth(const struct draft_tree *tree)
{
    uint32_t *depths = calloc(tree->n_nodes, sizeof(*depths)), i, depth = 0;

    for (i = 0; i < tree->n_nodes && depths != NULL; i++) {
        const struct draft_node *node = &tree->nodes[i];

        depth = depths[i] > depth ? depths[i] : depth;
        if (node->left > i && node->right > i && node->left < tree->n_nodes &&
            node->right < tree->n_nodes)
            depths[node->left] = depths[node->right] = depths[i] + 1;
    }
    free(depths);
    return depth;
}

/* Counts, and whether a feature and a pair fit a link together. */
static enum result count_all(struct packer *packer, struct reason *why)
{
    const struct draft *draft = packer->draft;
    struct layout_model *model = &packer->model;
    const struct spec *spec = &draft->spec;
    uint32_t t, depth, most = 1;

    if (spec->compare != SPEC_COMPARE_F32 || spec->sum != SPEC_SUM_F64 ||
        spec->fold != SPEC_FOLD_MEAN || draft->n_targets != 1 ||
        (spec->transform != SPEC_FRACTIONS && spec->transform != SPEC_IDENTITY))
        return reason_set(why, RESULT_INVALID, "a kind of forest that images do not hold yet");
    if (draft->n_features > IMAGE_MAX_FEATURES)
        return too_big(why, "features");
    if (draft->targets[0].n_classes > IMAGE_MAX_CLASSES)
        return too_big(why, "classes");
    model->task = draft->spec.task;
    model->node_format = LAYOUT_NODES_PAIRED;
    model->rule = LAYOUT_RULE_F32_LE;
    model->output = LAYOUT_OUTPUT_MEAN;
    model->n_features = draft->n_features;
    model->n_classes = draft->targets[0].n_classes;
    model->n_outputs = draft->spec.n_outputs;
    model->n_trees = draft->n_trees;
    model->feature_bits = bits_for(draft->n_features);
    for (t = 0; t < draft->n_trees; t++) {
        model->n_slots += (uint64_t)draft->trees[t].n_nodes + 1;
        depth = tree_depth(&draft->trees[t]);
        model->depth = depth > model->depth ? depth : model->depth;
        most = draft->trees[t].n_nodes > most ? draft->trees[t].n_nodes : most;
    }
    /* The pairs of n nodes are numbered up to (n - 1) / 2. */
    if (bits_for((uint64_t)most / 2 + 1) + model->feature_bits > 32)
        return too_big(why, "nodes in one tree");
    return RESULT_OK;
}

static struct layout_text put_text(struct packer *packer, const char *text)
{
    struct layout_text put = {(uint32_t)packer->texts.len, (uint32_t)strlen(text)};

    buf_put(&packer->texts, text, put.length + (size_t)1);
    return put;
}

static int compare_names(const void *a, const void *b, void *draft)
{
    const struct draft_feature *features = ((const struct draft *)draft)->features;

    return strcmp(features[*(const uint32_t *)a].name, features[*(const uint32_t *)b].name);
}

static enum result pack_texts(struct packer *packer, struct reason *why)
{
    const struct draft *draft = packer->draft;
    uint32_t i;

    packer->names = calloc(draft->n_features, sizeof(*packer->names));
    packer->labels = calloc((size_t)draft->targets[0].n_classes + 1, sizeof(*packer->labels));
    packer->index = calloc(draft->n_features, sizeof(*packer->index));
    if (packer->names == NULL || packer->labels == NULL || packer->index == NULL)
        return RESULT_NOMEM;
    packer->texts.limit = UINT32_MAX;
    packer->source = put_text(packer, draft->facts.source);
    for (i = 0; i < draft->n_features; i++) {
        packer->names[i] = put_text(packer, draft->features[i].name);
        packer->index[i] = i;
    }
    for (i = 0; i < draft->targets[0].n_classes; i++)
        packer->labels[i] = put_text(packer, draft->targets[0].labels[i]);
    qsort_r(packer->index, draft->n_features, sizeof(*packer->index), compare_names,
            (void *)draft);
    return buf_failed(&packer->texts) ? too_big(why, "texts") : RESULT_OK;
}

/* FNV-1a over the bits of a row of outputs, eight bytes at a time. */
static uint64_t hash_row(const double *row, uint32_t n)
{
    uint64_t hash = UINT64_C(14695981039346656037), bits;
    uint32_t k;

    for (k = 0; k < n; k++) {
        memcpy(&bits, &row[k], sizeof(bits));
        hash = (hash ^ bits) * UINT64_C(1099511628211);
        hash ^= hash >> 32;
    }
    return hash;
}

/* The number of that row among the different ones; a new one is added. */
static uint32_t shelve_row(struct packer *packer, const double *row)
{
    const uint32_t n = packer->draft->spec.n_outputs;
    const size_t size = n * sizeof(*row);
    size_t at = hash_row(row, n) & (packer->shelf_size - 1);
    uint32_t found;

    while ((found = packer->shelf[at]) != 0) {
        if (memcmp(packer->leaves + (size_t)(found - 1) * n, row, size) == 0)
            return found - 1;
        at = (at + 1) & (packer->shelf_size - 1);
    }
    found = packer->model.n_leaves++;
    packer->shelf[at] = found + 1;
    memcpy(packer->leaves + (size_t)found * n, row, size);
    return found;
}

static enum result pack_leaves(struct packer *packer, struct reason *why)
{
    const struct draft *draft = packer->draft;
    uint64_t n_leaves = 0;
    uint32_t t, i, *rows;

    for (t = 0; t < draft->n_trees; t++)
        n_leaves += draft->trees[t].n_leaves;
    if (n_leaves >= UINT32_MAX)
        return too_big(why, "leaves");
    packer->shelf_size = (size_t)1 << bits_for(2 * n_leaves + 1);
    packer->shelf = calloc(packer->shelf_size, sizeof(*packer->shelf));
    packer->rows = calloc(n_leaves + 1, sizeof(*packer->rows));
    packer->leaves = calloc(n_leaves + 1, draft->spec.n_outputs * sizeof(*packer->leaves));
    if (packer->shelf == NULL || packer->rows == NULL || packer->leaves == NULL)
        return RESULT_NOMEM;
    rows = packer->rows;
    for (t = 0; t < draft->n_trees; t++)
        for (i = 0; i < draft->trees[t].n_leaves; i++)
            *rows++ =
                shelve_row(packer, draft->trees[t].leaves + (size_t)i * draft->spec.n_outputs);
    return RESULT_OK;
}

/* Where each part lies; a regression has no classes, and but a text model no words. */
static bool part_is_there(const struct packer *packer, unsigned part)
{
    if (part == LAYOUT_WORDS)
        return packer->draft->text != NULL;
    return part != LAYOUT_CLASSES || packer->model.n_classes != 0;
}

static uint64_t align(uint64_t offset)
{
    return (offset + LAYOUT_ALIGN - 1) / LAYOUT_ALIGN * LAYOUT_ALIGN;
}

/* Sets lengths and offsets; returns the size of the file. */
static uint64_t place_parts(struct packer *packer, uint32_t *n_sections)
{
    const struct layout_model *model = &packer->model;
    uint64_t *lengths = packer->lengths, end;
    unsigned part;

    lengths[LAYOUT_MODEL] = sizeof(struct layout_model);
    lengths[LAYOUT_FACTS] = sizeof(struct layout_facts);
    lengths[LAYOUT_FEATURES] = model->n_features * sizeof(struct layout_feature);
    lengths[LAYOUT_INDEX] = model->n_features * sizeof(uint32_t);
    lengths[LAYOUT_CLASSES] = model->n_classes * sizeof(struct layout_text);
    lengths[LAYOUT_TEXTS] = packer->texts.len;
    lengths[LAYOUT_TREES] = model->n_trees * sizeof(struct layout_tree);
    lengths[LAYOUT_NODES] = model->n_slots * sizeof(struct layout_node);
    lengths[LAYOUT_LEAVES] = (uint64_t)model->n_leaves * model->n_outputs * sizeof(double);
    lengths[LAYOUT_COVERS] = model->n_slots * sizeof(double);
    lengths[LAYOUT_WORDS] = packer->draft->text_len;
    *n_sections = 0;
    for (part = 0; part < LAYOUT__MAX; part++)
        *n_sections += part_is_there(packer, part);
    end = sizeof(struct layout_header) + *n_sections * sizeof(struct layout_section);
    for (part = 0; part < LAYOUT__MAX; part++) {
        if (!part_is_there(packer, part))
            continue;
        packer->offsets[part] = align(end);
        end = packer->offsets[part] + lengths[part];
    }
    return end;
}

static void *part_at(const struct packer *packer, enum layout_part part)
{
    return packer->bytes + packer->offsets[part];
}

static void fill_facts(const struct packer *packer)
{
    const struct image_facts *facts = &packer->draft->facts;
    struct layout_facts *out = part_at(packer, LAYOUT_FACTS);

    out->date = facts->date;
    out->rows = facts->rows;
    out->seed = facts->seed;
    out->oob_rows = facts->oob_rows;
    out->oob_score = facts->oob_score;
    out->trees = facts->trees;
    out->max_features = facts->max_features;
    out->max_depth = facts->max_depth;
    out->min_samples_leaf = facts->min_samples_leaf;
    out->metric = facts->metric;
    out->has_data_sha256 = digest_from_hex(facts->data_sha256, out->data_sha256);
    out->source = packer->source;
}

static void fill_schema(const struct packer *packer)
{
    const struct draft *draft = packer->draft;
    struct layout_feature *features = part_at(packer, LAYOUT_FEATURES);
    uint32_t i;

    for (i = 0; i < draft->n_features; i++) {
        features[i].name = packer->names[i];
        features[i].type = draft->features[i].type;
        features[i].min = draft->features[i].min;
        features[i].max = draft->features[i].max;
        features[i].importance = draft->features[i].importance;
    }
    memcpy(part_at(packer, LAYOUT_INDEX), packer->index, packer->lengths[LAYOUT_INDEX]);
    memcpy(part_at(packer, LAYOUT_TEXTS), packer->texts.data, packer->lengths[LAYOUT_TEXTS]);
    if (part_is_there(packer, LAYOUT_CLASSES))
        memcpy(part_at(packer, LAYOUT_CLASSES), packer->labels,
               packer->lengths[LAYOUT_CLASSES]);
    if (part_is_there(packer, LAYOUT_WORDS))
        memcpy(part_at(packer, LAYOUT_WORDS), draft->text, draft->text_len);
}

/* Node i of a draft's tree is in slot i + 1, so its children are in pair (left + 1) / 2. */
static void fill_tree(const struct packer *packer, const struct draft_tree *tree,
                      const uint32_t *rows, struct layout_node *nodes, double *covers)
{
    uint32_t i;

    for (i = 0; i < tree->n_nodes; i++) {
        const struct draft_node *node = &tree->nodes[i];

        covers[i + 1] = node->cover;
        if (node->left == 0) {
            nodes[i + 1].leaf = rows[node->leaf];
            continue;
        }
        nodes[i + 1].threshold = (float)node->threshold;
        nodes[i + 1].link = (node->left + 1) / 2 << packer->model.feature_bits | node->column;
    }
}

static void fill_trees(const struct packer *packer)
{
    const struct draft *draft = packer->draft;
    struct layout_tree *trees = part_at(packer, LAYOUT_TREES);
    struct layout_node *nodes = part_at(packer, LAYOUT_NODES);
    double *covers = part_at(packer, LAYOUT_COVERS);
    const uint32_t *rows = packer->rows;
    uint64_t slot = 0;
    uint32_t t;

    for (t = 0; t < draft->n_trees; t++) {
        trees[t].begin = slot;
        fill_tree(packer, &draft->trees[t], rows, nodes + slot, covers + slot);
        slot += (uint64_t)draft->trees[t].n_nodes + 1;
        rows += draft->trees[t].n_leaves;
    }
    memcpy(part_at(packer, LAYOUT_LEAVES), packer->leaves, packer->lengths[LAYOUT_LEAVES]);
}

static void fill_header(const struct packer *packer, uint64_t size, uint32_t n_sections)
{
    struct layout_header *header = (void *)packer->bytes;
    struct layout_section *section = (void *)(header + 1);
    unsigned part;

    memcpy(header->magic, LAYOUT_MAGIC, sizeof(header->magic));
    header->version = LAYOUT_VERSION;
    header->n_sections = n_sections;
    header->size = size;
    for (part = 0; part < LAYOUT__MAX; part++) {
        if (!part_is_there(packer, part))
            continue;
        section->tag = layout_tags[part];
        section->flags = LAYOUT_NEEDED;
        section->offset = packer->offsets[part];
        section->length = packer->lengths[part];
        section++;
    }
}

/* All is counted and placed: makes the bytes. */
static enum result fill(struct packer *packer, size_t *len)
{
    uint32_t n_sections;
    uint64_t size = place_parts(packer, &n_sections);
    struct layout_header *header;

    packer->bytes = calloc(1, size);
    if (packer->bytes == NULL)
        return RESULT_NOMEM;
    header = (void *)packer->bytes;
    fill_header(packer, size, n_sections);
    memcpy(part_at(packer, LAYOUT_MODEL), &packer->model, sizeof(packer->model));
    fill_facts(packer);
    fill_schema(packer);
    fill_trees(packer);
    *len = size;
    return digest_of(packer->bytes + LAYOUT_SUMMED_FROM, size - LAYOUT_SUMMED_FROM,
                     header->sha256);
}

static void packer_free(struct packer *packer)
{
    buf_free(&packer->texts);
    free(packer->names);
    free(packer->labels);
    free(packer->index);
    free(packer->leaves);
    free(packer->rows);
    free(packer->shelf);
    free(packer->bytes);
}

enum result draft_pack(const struct draft *draft, void **bytes, size_t *len, struct reason *why)
{
    struct packer packer = {.draft = draft};
    struct image *image = NULL;
    enum result result;

    if ((result = count_all(&packer, why)) != RESULT_OK ||
        (result = pack_texts(&packer, why)) != RESULT_OK ||
        (result = pack_leaves(&packer, why)) != RESULT_OK ||
        (result = fill(&packer, len)) != RESULT_OK)
        goto out;
    result = image_prove(packer.bytes, *len, "the forest", &image, why);
    if (result != RESULT_OK)
        goto out;
    *bytes = packer.bytes;
    packer.bytes = NULL;
out:
    if (result == RESULT_NOMEM || result == RESULT_FAILED)
        reason_set(why, result, "the forest as an image: %s", result_text(result));
    image_close(image);
    packer_free(&packer);
    return result;
}

enum result draft_write(const struct draft *draft, const char *path, struct reason *why)
{
    void *bytes = NULL;
    size_t len = 0;
    enum result result = draft_pack(draft, &bytes, &len, why);

    if (result == RESULT_OK)
        result = file_write_atomic(path, bytes, len, 0644, why);
    free(bytes);
    return result;
}
