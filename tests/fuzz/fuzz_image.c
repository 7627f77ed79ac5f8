/*
 * fuzz_image.c: any bytes as an image, under a right checksum.
 *
 * Magic, size and checksum are made right, so that the proof has to find what is wrong;
 * whatever it lets pass must be safe to read and to walk, and its predictions must be
 * what an image promises.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "forest/drift.h"
#include "forest/examples.h"
#include "forest/explain.h"
#include "forest/layout.h"
#include "forest/predictor.h"
#include "forest/tree.h"
#include "forest/walk.h"

enum {
    ROWS = 4,
    EXPLAINED = 1 << 16, /* explain_cost() of a row */
    STEPS = 64           /* down a tree */
};

static void make_right(uint8_t *bytes, size_t size)
{
    struct layout_header *header = (void *)bytes;

    if (size < sizeof(*header))
        return;
    memcpy(header->magic, LAYOUT_MAGIC, sizeof(header->magic));
    header->size = size;
    digest_of(bytes + LAYOUT_SUMMED_FROM, size - LAYOUT_SUMMED_FROM, header->sha256);
}

static void read_texts(const struct image *image)
{
    uint32_t i;

    for (i = 0; i < image_n_features(image); i++) {
        const char *name = image_feature_name(image, i);

        CHECK(utf8_valid(name, strlen(name)));
        CHECK(image_feature_find(image, name, strlen(name)) == (int)i);
        CHECK(image_feature_importance(image, i) >= 0);
        for (uint32_t k = 0; k < image_feature_n_values(image, i); k++) {
            const char *value = image_feature_value(image, i, k);

            CHECK(image_feature_value_find(image, i, value, strlen(value)) >= 0);
        }
    }
    for (i = 0; i < image_n_classes(image); i++)
        CHECK(utf8_valid(image_class_label(image, i), strlen(image_class_label(image, i))));
    CHECK(strlen(image_facts(image)->source) > 0);
}

/* From the root the way that a row goes, and all that a node tells. */
static void descend(const struct image *image, uint32_t t, const double *row, double *out)
{
    tree_place place = tree_root(image, t);
    struct tree_node node;
    uint32_t steps = 0, i;

    tree_read(image, place, &node);
    for (; !node.leaf && steps < STEPS; steps++) {
        CHECK(node.feature < image_n_features(image));
        for (i = 0; node.by_set && i < node.n_words; i++)
            CHECK((uint64_t)node.words[i] + 1 > 0);
        place = tree_step(image, place, row);
        CHECK(place == node.left || place == node.right);
        tree_read(image, place, &node);
    }
    CHECK(steps <= tree_depth(image, t));
    if (!node.leaf)
        return;
    tree_values(image, t, node.number, out);
    if (tree_is_line(image, node.number))
        tree_line(image, node.number, row);
}

/* What is answered: every class has a label, and a leaf is one wherever it is looked for. */
static void answer(const struct image *image, const double *rows, double *margins)
{
    const uint32_t n_trees = image_n_trees(image), n_outputs = image_n_outputs(image);
    uint32_t *ids = calloc((size_t)ROWS * n_trees, sizeof(*ids)), t;
    struct predictor predictor;
    double *answers, *numbers = calloc(n_outputs, sizeof(*numbers));

    CHECK(predictor_open(&predictor, image) == RESULT_OK && ids != NULL && numbers != NULL);
    answers = calloc((size_t)ROWS * predictor_width(&predictor), sizeof(*answers));
    CHECK(answers != NULL);
    predictor_rows(&predictor, rows, ROWS, margins, answers);
    for (t = 0; t < image_n_targets(image); t++)
        for (size_t i = 0; image_target_n_classes(image, t) != 0 && i < ROWS; i++)
            CHECK(strlen(predictor_label(&predictor, margins + i * n_outputs,
                                         answers + i * predictor_width(&predictor), t)) > 0);
    walk_leaves(image, rows, ROWS, ids);
    for (t = 0; t < n_trees; t++)
        descend(image, t, rows, numbers);
    predictor_close(&predictor);
    free(answers);
    free(numbers);
    free(ids);
}

static void explain(const struct image *image, const double *rows, const double *margins)
{
    const size_t stride = (size_t)image_n_features(image) + 1;
    const struct explain_rows what = {rows, 1, margins, NULL};
    double *out = calloc(image_n_outputs(image), stride * sizeof(*out));
    struct explain *explain = NULL;
    struct reason why;

    CHECK(out != NULL);
    if (explain_cost(image, true) <= EXPLAINED &&
        explain_new(image, &explain, &why) == RESULT_OK)
        explain_rows(explain, &what, out, &why);
    explain_free(explain);
    free(out);
}

/* A row and its answer are counted somewhere, and the index of each part is some number. */
static void drift(const struct image *image, const double *row)
{
    struct predictor predictor;
    struct drift *drift = NULL;
    struct drift_part part;
    char name[64];

    CHECK(predictor_open(&predictor, image) == RESULT_OK);
    CHECK(drift_new(&predictor, &drift) == RESULT_OK);
    drift_add_row(drift, row);
    for (uint32_t i = 0; i < drift_parts(drift); i++) {
        drift_read(drift, i, &part);
        drift_print_name(drift, &part, name, sizeof(name));
        CHECK(part.rows == (part.kind == DRIFT_FEATURE));
        CHECK(part.word == DRIFT_TOO_FEW || part.word == DRIFT_NO_BASELINE);
        CHECK(part.rows == 0 || part.word == DRIFT_NO_BASELINE || part.psi >= 0);
    }
    drift_free(drift);
    predictor_close(&predictor);
}

static void walk(const struct image *image)
{
    static const double values[] = {0, -1e38, 1e38, 0.5, -0.0, 3, 1e-320};
    const size_t n = image_n_features(image), n_outputs = image_n_outputs(image);
    double *rows = calloc(ROWS * n, sizeof(*rows)),
           *out = calloc(ROWS * n_outputs, sizeof(*out));
    size_t i;

    CHECK(rows != NULL && out != NULL);
    for (i = 0; i < ROWS * n; i++)
        rows[i] = values[i * i % 7];
    for (unsigned k = 0; walk_kernel_name(k) != NULL; k++)
        if (walk_use(walk_kernel_name(k)))
            walk_predict(image, rows, ROWS, out);
    answer(image, rows, out);
    explain(image, rows, out);
    drift(image, rows);
    free(rows);
    free(out);
}

/* Made-up rows are told of every image, in JSON that can be read. */
static void examples(const struct image *image)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    static struct json_reader reader; /* whose room is kept */
    enum json_token token;

    json_write_object(&writer);
    examples_write(&writer, image);
    json_write_object_end(&writer);
    CHECK(!buf_failed(&text));
    json_reader_start(&reader, (const char *)text.data, text.len);
    while ((token = json_next(&reader)) != JSON_END)
        CHECK(token != JSON_BAD);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    struct image *image = NULL;
    struct reason why = {""};

    CHECK(bytes != NULL);
    memcpy(bytes, data, size);
    make_right(bytes, size);
    if (image_prove(bytes, size, "t.fgm", &image, &why) == RESULT_OK) {
        read_texts(image);
        walk(image);
        examples(image);
    } else {
        CHECK(strncmp(why.text, "t.fgm: ", 7) == 0);
    }
    image_close(image);
    free(bytes);
    return 0;
}
