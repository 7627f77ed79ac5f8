/*
 * pack.c: from a draft to the bytes of an image.
 *
 * The bytes depend on the draft alone: padding is zero, texts and sections have one
 * order, and equal rows of outputs are kept once, in the order in which the trees first
 * have them.
 */
#include "forest/pack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum result pack_too_big(struct reason *why, const char *what)
{
    return reason_set(why, RESULT_TOO_BIG, "the forest has too many %s for an image", what);
}

static bool every_tree_is_scalar(const struct draft *draft)
{
    uint32_t t;

    for (t = 0; t < draft->n_trees; t++)
        if (draft->trees[t].width != 1)
            return false;
    return true;
}

static bool some_tree_is_linear(const struct draft *draft)
{
    uint32_t t;

    for (t = 0; t < draft->n_trees; t++)
        if (draft->trees[t].linear != NULL)
            return true;
    return false;
}

/* In what form covers are kept: the smallest that is exact. */
static enum layout_cover cover_format(const struct draft *draft)
{
    enum layout_cover format = LAYOUT_COVERS_NONE;
    uint32_t t, i;

    for (t = 0; t < draft->n_trees; t++)
        for (i = 0; i < draft->trees[t].n_nodes; i++) {
            double cover = draft->trees[t].nodes[i].cover;

            if (cover > 0 && format == LAYOUT_COVERS_NONE)
                format = LAYOUT_COVERS_F32;
            if ((double)(float)cover != cover)
                return LAYOUT_COVERS_F64;
        }
    return format;
}

static enum result pack_model(struct packer *packer, struct reason *why)
{
    const struct draft *draft = packer->draft;
    const struct spec *spec = &draft->spec;
    struct layout_model *model = &packer->model;

    if (draft->n_columns > IMAGE_MAX_COLUMNS)
        return pack_too_big(why, "columns");
    model->task = spec->task;
    model->compare = spec->compare;
    model->sum = spec->sum;
    model->fold = spec->fold;
    model->transform = spec->transform;
    model->label = spec->label;
    model->category = spec->category;
    model->n_outputs = spec->n_outputs;
    model->divisor = spec->divisor;
    model->parameter = spec->parameter;
    model->cut = spec->cut;
    model->n_features = draft->n_features;
    model->n_columns = draft->n_columns;
    model->n_targets = draft->n_targets;
    model->n_trees = draft->n_trees;
    model->cover_format = cover_format(draft);
    if (!every_tree_is_scalar(draft))
        model->leaf_format = LAYOUT_LEAVES_ROWS;
    else if (spec->sum == SPEC_SUM_F32 && !some_tree_is_linear(draft))
        model->leaf_format = LAYOUT_LEAVES_F32;
    else
        model->leaf_format = LAYOUT_LEAVES_F64;
    return RESULT_OK;
}

/* ---- texts and what has them ---- */

static struct layout_text put_text(struct packer *packer, const char *text)
{
    struct layout_text put = {(uint32_t)packer->texts.len, (uint32_t)strlen(text)};

    buf_put(&packer->texts, text, put.length + (size_t)1);
    return put;
}

/* Adds n labels; returns the number of the first. */
static uint32_t put_labels(struct packer *packer, char *const *labels, uint32_t n)
{
    uint32_t first = packer->model.n_labels, i;

    for (i = 0; i < n; i++) {
        struct layout_text text = put_text(packer, labels[i]);

        buf_put(&packer->labels, &text, sizeof(text));
    }
    packer->model.n_labels += n;
    return n == 0 ? 0 : first;
}

static void put_feature(struct packer *packer, uint32_t i)
{
    const struct draft_feature *feature = &packer->draft->features[i];
    struct layout_feature *out = &packer->features[i];

    out->name = put_text(packer, feature->name);
    out->type = feature->type;
    out->missing = feature->missing;
    out->values = put_labels(packer, feature->values, feature->n_values);
    out->n_values = feature->n_values;
    out->min = feature->min;
    out->max = feature->max;
    out->importance = feature->importance;
}

static void put_target(struct packer *packer, uint32_t i)
{
    const struct draft_target *target = &packer->draft->targets[i];
    struct layout_target *out = &packer->targets[i];

    if (target->name != NULL)
        out->name = put_text(packer, target->name);
    out->labels = put_labels(packer, target->labels, target->n_classes);
    out->n_classes = target->n_classes;
}

static int compare_names(const void *a, const void *b, void *draft)
{
    const struct draft_feature *features = ((const struct draft *)draft)->features;

    return strcmp(features[*(const uint32_t *)a].name, features[*(const uint32_t *)b].name);
}

static enum result pack_schema(struct packer *packer, struct reason *why)
{
    const struct draft *draft = packer->draft;
    uint32_t i;

    packer->texts.limit = UINT32_MAX;
    packer->features = calloc(draft->n_features, sizeof(*packer->features));
    packer->targets = calloc(draft->n_targets, sizeof(*packer->targets));
    packer->index = calloc(draft->n_features, sizeof(*packer->index));
    if (packer->features == NULL || packer->targets == NULL || packer->index == NULL)
        return RESULT_NOMEM;
    packer->source = put_text(packer, draft->facts.source);
    for (i = 0; i < draft->n_features; i++) {
        put_feature(packer, i);
        packer->index[i] = i;
    }
    for (i = 0; i < draft->n_targets; i++)
        put_target(packer, i);
    qsort_r(packer->index, draft->n_features, sizeof(*packer->index), compare_names,
            (void *)draft);
    return buf_failed(&packer->texts) || buf_failed(&packer->labels)
               ? pack_too_big(why, "texts")
               : RESULT_OK;
}

/* ---- rows of outputs ---- */

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

uint32_t pack_row(struct packer *packer, const double *row, uint32_t n)
{
    const size_t size = n * sizeof(*row);
    size_t at = hash_row(row, n) & (packer->shelf_size - 1);
    uint32_t found;

    while ((found = packer->shelf[at]) != 0) {
        if (found - 1 + (uint64_t)n <= packer->model.n_rows &&
            memcmp(packer->rows + (found - 1), row, size) == 0)
            return found - 1;
        at = (at + 1) & (packer->shelf_size - 1);
    }
    found = (uint32_t)packer->model.n_rows;
    packer->shelf[at] = found + 1;
    memcpy(packer->rows + found, row, size);
    packer->model.n_rows += n;
    return found;
}

static enum result pack_rows(struct packer *packer, struct reason *why)
{
    const struct draft *draft = packer->draft;
    uint64_t n_leaves = 0, numbers = 0;
    uint32_t t, i;

    if (packer->model.leaf_format != LAYOUT_LEAVES_ROWS)
        return RESULT_OK;
    for (t = 0; t < draft->n_trees; t++) {
        n_leaves += draft->trees[t].n_leaves;
        numbers += (uint64_t)draft->trees[t].n_leaves * draft->trees[t].width;
    }
    if (numbers >= UINT32_MAX)
        return pack_too_big(why, "leaves");
    for (packer->shelf_size = 16; packer->shelf_size < 2 * n_leaves;)
        packer->shelf_size *= 2;
    packer->shelf = calloc(packer->shelf_size, sizeof(*packer->shelf));
    packer->rows = malloc((numbers + 1) * sizeof(*packer->rows));
    if (packer->shelf == NULL || packer->rows == NULL)
        return RESULT_NOMEM;
    for (t = 0; t < draft->n_trees; t++) {
        const struct draft_tree *tree = &draft->trees[t];

        for (i = 0; i < tree->n_leaves; i++)
            pack_row(packer, tree->leaves + (size_t)i * tree->width, tree->width);
    }
    return RESULT_OK;
}

/* ---- the bytes ---- */

static bool part_is_there(const struct packer *packer, unsigned part)
{
    return packer->lengths[part] != 0;
}

static uint64_t align(uint64_t offset)
{
    return (offset + LAYOUT_ALIGN - 1) / LAYOUT_ALIGN * LAYOUT_ALIGN;
}

/* Sets lengths and offsets; returns the size of the file. */
static uint64_t place_parts(struct packer *packer, uint32_t *n_sections)
{
    uint64_t end;
    unsigned part;

    layout_lengths(&packer->model,
                   packer->draft->thresholds != NULL ? packer->targets[0].n_classes : 0,
                   packer->lines, packer->lengths);
    packer->lengths[LAYOUT_TEXTS] = packer->texts.len;
    packer->lengths[LAYOUT_TEXT] = packer->draft->text != NULL ? packer->draft->text_len : 0;
    packer->lengths[LAYOUT_BASELINE] =
        packer->draft->baseline != NULL ? packer->draft->baseline_len : 0;
    *n_sections = 0;
    for (part = 0; part < LAYOUT__MAX; part++)
        *n_sections += part_is_there(packer, part);
    end = sizeof(struct layout_header) + *n_sections * sizeof(struct layout_section);
    for (part = 0; part < LAYOUT__MAX; part++) {
        if (!part_is_there(packer, part))
            continue;
        packer->offsets[part] = align(end);
        end = packer->offsets[part] + packer->lengths[part];
    }
    return end;
}

static void fill_facts(const struct packer *packer)
{
    const struct image_facts *facts = &packer->draft->facts;
    struct layout_facts *out = pack_part(packer, LAYOUT_FACTS);

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

static void fill_columns(const struct packer *packer)
{
    struct layout_column *columns = pack_part(packer, LAYOUT_COLUMNS);
    uint32_t i;

    for (i = 0; i < packer->draft->n_columns; i++) {
        columns[i].feature = packer->draft->columns[i].feature;
        columns[i].mend = packer->draft->columns[i].mend;
    }
}

static void fill_part(const struct packer *packer, enum layout_part part, const void *bytes)
{
    if (packer->lengths[part] != 0)
        memcpy(pack_part(packer, part), bytes, packer->lengths[part]);
}

static void fill_schema(const struct packer *packer)
{
    fill_part(packer, LAYOUT_MODEL, &packer->model);
    fill_part(packer, LAYOUT_FEATURES, packer->features);
    fill_part(packer, LAYOUT_INDEX, packer->index);
    fill_part(packer, LAYOUT_TARGETS, packer->targets);
    fill_part(packer, LAYOUT_LABELS, packer->labels.data);
    fill_part(packer, LAYOUT_TEXTS, packer->texts.data);
    fill_part(packer, LAYOUT_TEXT, packer->draft->text);
    fill_part(packer, LAYOUT_BASE, packer->draft->base);
    fill_part(packer, LAYOUT_BASELINE, packer->draft->baseline);
    fill_part(packer, LAYOUT_CUTS, packer->draft->thresholds);
    fill_part(packer, LAYOUT_ROWS, packer->rows);
    fill_facts(packer);
    fill_columns(packer);
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
        section->flags = part == LAYOUT_BASELINE ? 0 : LAYOUT_NEEDED;
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
    enum result result;

    /* On a line of cache, as in a mapping: tiles are two lines. */
    if (posix_memalign((void **)&packer->bytes, LAYOUT_ALIGN, align(size)) != 0)
        return RESULT_NOMEM;
    memset(packer->bytes, 0, align(size));
    header = (void *)packer->bytes;
    fill_header(packer, size, n_sections);
    fill_schema(packer);
    result = pack_fill_trees(packer);
    *len = size;
    if (result == RESULT_OK)
        result = digest_of(packer->bytes + LAYOUT_SUMMED_FROM, size - LAYOUT_SUMMED_FROM,
                           header->sha256);
    return result;
}

static void packer_free(struct packer *packer)
{
    buf_free(&packer->texts);
    buf_free(&packer->labels);
    free(packer->features);
    free(packer->targets);
    free(packer->index);
    free(packer->cuts);
    free(packer->trees);
    free(packer->rows);
    free(packer->shelf);
    free(packer->bytes);
}

enum result draft_pack(const struct draft *draft, void **bytes, size_t *len, struct reason *why)
{
    struct packer packer = {.draft = draft};
    struct image *image = NULL;
    enum result result = draft_check(draft, why);

    if (result != RESULT_OK)
        return result;
    if ((result = pack_model(&packer, why)) != RESULT_OK ||
        (result = pack_schema(&packer, why)) != RESULT_OK ||
        (result = pack_cut_trees(&packer, why)) != RESULT_OK ||
        (result = pack_rows(&packer, why)) != RESULT_OK ||
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
