/*
 * prove.c: the proof that bytes are an image, but for what is in its trees (prove_trees.c).
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
#include "forest/draft.h"
#include "forest/layout.h"
#include "forest/output.h"

const uint32_t layout_tags[LAYOUT__MAX] = {
    [LAYOUT_MODEL] = LAYOUT_TAG('M', 'O', 'D', 'L'),
    [LAYOUT_FACTS] = LAYOUT_TAG('F', 'A', 'C', 'T'),
    [LAYOUT_FEATURES] = LAYOUT_TAG('F', 'E', 'A', 'T'),
    [LAYOUT_INDEX] = LAYOUT_TAG('I', 'N', 'D', 'X'),
    [LAYOUT_COLUMNS] = LAYOUT_TAG('C', 'O', 'L', 'M'),
    [LAYOUT_TARGETS] = LAYOUT_TAG('T', 'A', 'R', 'G'),
    [LAYOUT_LABELS] = LAYOUT_TAG('L', 'A', 'B', 'L'),
    [LAYOUT_TEXTS] = LAYOUT_TAG('T', 'E', 'X', 'T'),
    [LAYOUT_TEXT] = LAYOUT_TAG('G', 'R', 'A', 'M'),
    [LAYOUT_BASE] = LAYOUT_TAG('B', 'A', 'S', 'E'),
    [LAYOUT_CUTS] = LAYOUT_TAG('C', 'U', 'T', 'S'),
    [LAYOUT_TREES] = LAYOUT_TAG('T', 'R', 'E', 'E'),
    [LAYOUT_TILES] = LAYOUT_TAG('T', 'I', 'L', 'E'),
    [LAYOUT_EXACT] = LAYOUT_TAG('E', 'X', 'A', 'C'),
    [LAYOUT_SETS] = LAYOUT_TAG('S', 'E', 'T', 'S'),
    [LAYOUT_WORDS] = LAYOUT_TAG('W', 'O', 'R', 'D'),
    [LAYOUT_LEAVES] = LAYOUT_TAG('L', 'E', 'A', 'F'),
    [LAYOUT_ROWS] = LAYOUT_TAG('R', 'O', 'W', 'S'),
    [LAYOUT_LINES] = LAYOUT_TAG('L', 'I', 'N', 'E'),
    [LAYOUT_TERMS] = LAYOUT_TAG('T', 'E', 'R', 'M'),
    [LAYOUT_IDS] = LAYOUT_TAG('I', 'D', 'S', ' '),
    [LAYOUT_COVERS] = LAYOUT_TAG('C', 'O', 'V', 'R'),
    [LAYOUT_BASELINE] = LAYOUT_TAG('B', 'L', 'I', 'N'),
};

void layout_lengths(const struct layout_model *model, uint32_t n_cuts, bool lines,
                    uint64_t lengths[LAYOUT__MAX])
{
    static const uint8_t leaf_bytes[LAYOUT_LEAVES__MAX] = {0, 4, 8, 4};
    static const uint8_t cover_bytes[LAYOUT_COVERS__MAX] = {0, 4, 8};
    const uint64_t n_nodes = (uint64_t)model->n_splits + model->n_leaves;

    memset(lengths, 0, LAYOUT__MAX * sizeof(*lengths));
    lengths[LAYOUT_MODEL] = sizeof(*model);
    lengths[LAYOUT_FACTS] = sizeof(struct layout_facts);
    lengths[LAYOUT_FEATURES] = model->n_features * sizeof(struct layout_feature);
    lengths[LAYOUT_INDEX] = model->n_features * sizeof(uint32_t);
    lengths[LAYOUT_COLUMNS] = model->n_columns * sizeof(struct layout_column);
    lengths[LAYOUT_TARGETS] = model->n_targets * sizeof(struct layout_target);
    lengths[LAYOUT_LABELS] = model->n_labels * sizeof(struct layout_text);
    lengths[LAYOUT_BASE] = model->n_outputs * sizeof(double);
    lengths[LAYOUT_CUTS] = n_cuts * sizeof(double);
    lengths[LAYOUT_TREES] = model->n_trees * sizeof(struct layout_tree);
    lengths[LAYOUT_TILES] = model->n_tiles * sizeof(struct layout_tile);
    if (model->compare == SPEC_COMPARE_F64)
        lengths[LAYOUT_EXACT] = model->n_splits * sizeof(double);
    lengths[LAYOUT_SETS] = model->n_sets * sizeof(struct layout_set);
    lengths[LAYOUT_WORDS] = model->n_words * sizeof(uint32_t);
    lengths[LAYOUT_LEAVES] = (uint64_t)model->n_leaves * leaf_bytes[model->leaf_format];
    lengths[LAYOUT_ROWS] = model->n_rows * sizeof(double);
    if (lines)
        lengths[LAYOUT_LINES] = model->n_leaves * sizeof(struct layout_line);
    lengths[LAYOUT_TERMS] = model->n_terms * sizeof(struct layout_term);
    lengths[LAYOUT_IDS] = model->n_leaves * sizeof(uint32_t);
    lengths[LAYOUT_COVERS] = n_nodes * cover_bytes[model->cover_format];
}

/*
 * An image whose checksum is known is summed as well where that is a matter of some
 * milliseconds: its bytes are then those that were proved.
 */
enum {
    PROVE_SUMMED = 4 << 20
};

/* The proof under way. */
struct proof {
    struct image *image;
    const char *expected; /* the checksum in hex, or NULL: it is not known before */
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
        return refuse(proof, RESULT_MALFORMED,
                      "not a model image (.fgm); forestgate model import makes one of another "
                      "library's model");
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

    digest_to_hex(header->sha256, image->hex);
    if (proof->expected != NULL && strcmp(image->hex, proof->expected) != 0)
        return refuse(proof, RESULT_MALFORMED, "not the image that was published");
    if (proof->expected != NULL && image->len > PROVE_SUMMED)
        return RESULT_OK;
    if (digest_of(image->bytes + LAYOUT_SUMMED_FROM, image->len - LAYOUT_SUMMED_FROM, sum) !=
        RESULT_OK)
        return refuse(proof, RESULT_FAILED, "SHA-256 failed");
    if (memcmp(sum, header->sha256, sizeof(sum)) != 0)
        return refuse(proof, RESULT_MALFORMED, "damaged: its checksum is not right");
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
    if (section->length == 0) /* that a part is there is taken for its numbers being there */
        return refuse(proof, RESULT_MALFORMED, "section %.4s is empty", tag);
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
    for (i = 0; i <= LAYOUT_TEXTS; i++)
        if (image->parts[i] == NULL && i != LAYOUT_LABELS)
            return refuse(proof, RESULT_MALFORMED, "section %.4s is missing",
                          (const char *)&layout_tags[i]);
    return RESULT_OK;
}

static bool number_is_known(uint32_t number, uint32_t end)
{
    return number >= 1 && number < end;
}

/* That the model is of a kind that this program knows. */
static enum result prove_spec(const struct proof *proof)
{
    const struct layout_model *model = proof->image->model;
    struct spec *spec = &proof->image->spec;

    if (!number_is_known(model->task, SPEC_TASK__MAX) ||
        !number_is_known(model->compare, SPEC_COMPARE__MAX) ||
        !number_is_known(model->sum, SPEC_SUM__MAX) ||
        !number_is_known(model->fold, SPEC_FOLD__MAX) ||
        !number_is_known(model->transform, SPEC_TRANSFORM__MAX) ||
        !number_is_known(model->label, SPEC_LABEL__MAX) ||
        !number_is_known(model->category, SPEC_CATEGORY__MAX) ||
        !number_is_known(model->leaf_format, LAYOUT_LEAVES__MAX) ||
        model->cover_format >= LAYOUT_COVERS__MAX)
        return refuse(proof, RESULT_INVALID,
                      "a kind of forest that this program does not know");
    if (!isfinite(model->divisor) || !isfinite(model->parameter) || !isfinite(model->cut))
        return refuse(proof, RESULT_MALFORMED, "a number of its kind is not finite");
    if ((model->fold == SPEC_FOLD_MEAN || model->fold == SPEC_FOLD_MEAN_THEN_BASE) &&
        !(model->divisor > 0))
        return refuse(proof, RESULT_MALFORMED, "a mean by a divisor that is not over 0");
    spec->task = (enum spec_task)model->task;
    spec->compare = (enum spec_compare)model->compare;
    spec->sum = (enum spec_sum)model->sum;
    spec->fold = (enum spec_fold)model->fold;
    spec->transform = (enum spec_transform)model->transform;
    spec->label = (enum spec_label)model->label;
    spec->category = (enum spec_category)model->category;
    spec->n_outputs = model->n_outputs;
    spec->divisor = model->divisor;
    spec->parameter = model->parameter;
    spec->cut = model->cut;
    return RESULT_OK;
}

/* That its counts are within bounds. */
static enum result prove_model(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_model *model = (const void *)image->parts[LAYOUT_MODEL];
    const struct {
        const char *what;
        uint32_t n, most;
    } counts[] = {
        {"features", model->n_features, IMAGE_MAX_FEATURES},
        {"columns", model->n_columns, IMAGE_MAX_COLUMNS},
        {"targets", model->n_targets, IMAGE_MAX_CLASSES},
        {"outputs", model->n_outputs, IMAGE_MAX_CLASSES},
        {"trees", model->n_trees, IMAGE_MAX_TREES},
        {"tiles", model->n_tiles, LAYOUT_TILE - LAYOUT_NEXT_TILE},
        {"leaves", model->n_leaves, LAYOUT_TILE - 1},
    };
    unsigned i;

    if (image->lengths[LAYOUT_MODEL] != sizeof(*model))
        return refuse(proof, RESULT_MALFORMED, "section MODL has a wrong length");
    image->model = model;
    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (counts[i].n < 1 || counts[i].n > counts[i].most)
            return refuse(proof, RESULT_MALFORMED, "%u %s, must be 1 to %u", counts[i].n,
                          counts[i].what, counts[i].most);
    return prove_spec(proof);
}

static void find_parts(struct image *image)
{
    image->features = (const void *)image->parts[LAYOUT_FEATURES];
    image->index = (const void *)image->parts[LAYOUT_INDEX];
    image->columns = (const void *)image->parts[LAYOUT_COLUMNS];
    image->targets = (const void *)image->parts[LAYOUT_TARGETS];
    image->labels = (const void *)image->parts[LAYOUT_LABELS];
    image->texts = (const void *)image->parts[LAYOUT_TEXTS];
    image->base = (const void *)image->parts[LAYOUT_BASE];
    image->cuts = (const void *)image->parts[LAYOUT_CUTS];
    image->trees = (const void *)image->parts[LAYOUT_TREES];
    image->tiles = (const void *)image->parts[LAYOUT_TILES];
    image->exact = (const void *)image->parts[LAYOUT_EXACT];
    image->sets = (const void *)image->parts[LAYOUT_SETS];
    image->words = (const void *)image->parts[LAYOUT_WORDS];
    image->leaves = image->parts[LAYOUT_LEAVES];
    image->rows = (const void *)image->parts[LAYOUT_ROWS];
    image->lines = (const void *)image->parts[LAYOUT_LINES];
    image->terms = (const void *)image->parts[LAYOUT_TERMS];
    image->ids = (const void *)image->parts[LAYOUT_IDS];
    image->covers = image->parts[LAYOUT_COVERS];
    image->by_sets = image->model->n_sets != 0;
}

/* That each part is as long as the counts say; from here on the arrays may be read. */
static enum result prove_lengths(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct layout_model *model = image->model;
    const uint64_t most = image->len; /* no count of elements can be over it */
    uint64_t lengths[LAYOUT__MAX];
    unsigned i;

    if (model->n_words > most || model->n_rows > most || model->n_terms > most)
        return refuse(proof, RESULT_MALFORMED, "has more numbers than bytes");
    layout_lengths(model, (uint32_t)(image->lengths[LAYOUT_CUTS] / sizeof(double)),
                   image->parts[LAYOUT_LINES] != NULL, lengths);
    lengths[LAYOUT_TEXTS] = image->lengths[LAYOUT_TEXTS];
    lengths[LAYOUT_TEXT] = image->lengths[LAYOUT_TEXT];
    lengths[LAYOUT_BASELINE] = image->lengths[LAYOUT_BASELINE];
    for (i = 0; i < LAYOUT__MAX; i++)
        if (image->lengths[i] != lengths[i])
            return refuse(proof, RESULT_MALFORMED,
                          "section %.4s has a length of %llu, must be %llu",
                          (const char *)&layout_tags[i], (unsigned long long)image->lengths[i],
                          (unsigned long long)lengths[i]);
    find_parts(image);
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
    uint32_t i, end = 0; /* of the values of the features before: each has its own */

    for (i = 0; i < image->model->n_features; i++) {
        const struct layout_feature *feature = &image->features[i];

        if (!text_is_right(image, &feature->name))
            return refuse(proof, RESULT_MALFORMED, "the name of feature %u is not right", i);
        if (feature->type < IMAGE_REAL || feature->type >= IMAGE_TYPE__MAX ||
            feature->missing > 1)
            return refuse(proof, RESULT_INVALID, "feature %u is of unknown type %u", i,
                          feature->type);
        if (feature->n_values != 0 &&
            (feature->type != IMAGE_CATEGORY || feature->values < end ||
             feature->values > image->model->n_labels ||
             feature->n_values > image->model->n_labels - feature->values))
            return refuse(proof, RESULT_MALFORMED, "the categories of feature %u are not there",
                          i);
        if (feature->n_values != 0)
            end = feature->values + feature->n_values;
        if (isnan(feature->min) || isnan(feature->max))
            return refuse(proof, RESULT_MALFORMED, "the range of feature %u is not right", i);
        if (!isfinite(feature->importance) || feature->importance < 0)
            return refuse(proof, RESULT_MALFORMED,
                          "the importance of feature %u is not finite and from 0 on", i);
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

static enum result prove_labels(const struct proof *proof)
{
    const struct image *image = proof->image;
    uint32_t i;

    for (i = 0; i < image->model->n_labels; i++)
        if (!text_is_right(image, &image->labels[i]))
            return refuse(proof, RESULT_MALFORMED, "label %u is not right", i);
    return RESULT_OK;
}

static enum result prove_columns(const struct proof *proof)
{
    struct image *image = proof->image;
    uint32_t i;

    image->mends = image->model->n_columns != image->model->n_features;
    for (i = 0; i < image->model->n_columns; i++) {
        const struct layout_column *column = &image->columns[i];

        if (column->feature >= image->model->n_features)
            return refuse(proof, RESULT_MALFORMED, "column %u: feature %u of %u", i,
                          column->feature, image->model->n_features);
        if (!number_is_known(column->mend, DRAFT_MEND__MAX))
            return refuse(proof, RESULT_INVALID, "column %u: mend %u is none that is known", i,
                          column->mend);
        image->mends |= column->feature != i || column->mend != DRAFT_KEEP;
    }
    return RESULT_OK;
}

/* Targets and outputs are of one mind, as draft_check() says. */
static enum result prove_targets(const struct proof *proof)
{
    const struct image *image = proof->image;
    const struct layout_model *model = image->model;
    uint64_t least = 0, most = 0;
    uint32_t i, k;

    for (i = 0; i < model->n_targets; i++) {
        const struct layout_target *target = &image->targets[i];
        const uint32_t n = target->n_classes;

        if (target->name.length != 0 && !text_is_right(image, &target->name))
            return refuse(proof, RESULT_MALFORMED, "the name of target %u is not right", i);
        if (target->labels > model->n_labels || n > model->n_labels - target->labels ||
            n > IMAGE_MAX_CLASSES || (n == 0) != (model->task == SPEC_REGRESS) ||
            (model->task == SPEC_ANOMALY && n != 2) || !output_label_fits(&image->spec, n))
            return refuse(proof, RESULT_MALFORMED, "the classes of target %u are not right", i);
        least += n <= 2 ? 1 : n;
        most += n == 0 || model->task == SPEC_ANOMALY ? 1 : n;
    }
    if (model->n_outputs != least && model->n_outputs != most)
        return refuse(proof, RESULT_MALFORMED, "%u outputs do not fit its targets",
                      model->n_outputs);
    for (k = 0; k < model->n_outputs; k++)
        if (!isfinite(image->base[k]))
            return refuse(proof, RESULT_MALFORMED, "base %u is not finite", k);
    if (image->cuts != NULL &&
        (model->task != SPEC_CLASSIFY ||
         image->lengths[LAYOUT_CUTS] != image->targets[0].n_classes * sizeof(double)))
        return refuse(proof, RESULT_MALFORMED, "thresholds that are not one for each class");
    for (k = 0; image->cuts != NULL && k < image->targets[0].n_classes; k++)
        if (!isfinite(image->cuts[k]))
            return refuse(proof, RESULT_MALFORMED, "threshold %u is not finite", k);
    return RESULT_OK;
}

/* What it knows of words, if it is a text model; its features are those of a text. */
static enum result prove_text(const struct proof *proof)
{
    struct image *image = proof->image;
    struct reason why = {""};
    enum result result;

    if (image->parts[LAYOUT_TEXT] == NULL)
        return RESULT_OK;
    result =
        text_prove(image->parts[LAYOUT_TEXT], image->lengths[LAYOUT_TEXT], &image->text, &why);
    if (result != RESULT_OK)
        return refuse(proof, result, "%s", why.text);
    if (image->model->task != SPEC_CLASSIFY || image->model->n_targets != 1 ||
        image->text.head->n_sets != text_sets(image->targets[0].n_classes) ||
        text_n_features(image->text.head) != image->model->n_features)
        return refuse(proof, RESULT_MALFORMED, "its features are not those of its texts");
    return RESULT_OK;
}

/* How many parts the answers of a baseline have; see baseline.h. */
static uint64_t count_answers(const struct image *image)
{
    uint64_t n = 0;
    uint32_t t;

    for (t = 0; t < image->model->n_targets; t++) {
        const uint32_t n_classes = image->targets[t].n_classes;
        const bool one = n_classes == 0 || image->spec.task == SPEC_ANOMALY;

        n += (n_classes != 0) + (one ? 1 : n_classes);
    }
    return n;
}

/* What it knows of training's rows, if anything. */
static enum result prove_baseline(const struct proof *proof)
{
    struct image *image = proof->image;
    const struct baseline_head *head;
    struct reason why = {""};
    enum result result;

    if (image->parts[LAYOUT_BASELINE] == NULL)
        return RESULT_OK;
    result = baseline_prove(image->parts[LAYOUT_BASELINE], image->lengths[LAYOUT_BASELINE],
                            &image->baseline, &why);
    if (result != RESULT_OK)
        return refuse(proof, result, "%s", why.text);
    head = image->baseline.head;
    if ((head->n_features != 0 &&
         (head->n_features != image->model->n_features || image->parts[LAYOUT_TEXT] != NULL)) ||
        (head->n_answers != 0 && head->n_answers != count_answers(image)))
        return refuse(proof, RESULT_MALFORMED, "its baseline is not that of such a model");
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

enum result prove_image(struct image *image, const char *expected, const char *name,
                        struct reason *why)
{
    static enum result (*const proofs[])(const struct proof *) = {
        prove_header,   prove_checksum, prove_sections, prove_model,   prove_lengths,
        prove_features, prove_index,    prove_labels,   prove_columns, prove_targets,
        prove_facts,    prove_text,     prove_baseline};
    const struct proof proof = {image, expected, name, why};
    enum result result = RESULT_OK;
    size_t i;

    for (i = 0; i < sizeof(proofs) / sizeof(proofs[0]) && result == RESULT_OK; i++)
        result = proofs[i](&proof);
    return result;
}
