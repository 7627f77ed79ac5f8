/*
 * import_help.h: what the tests of importers share: a fixture's model against what the
 * library answered (tests/fixtures/sklearn/make.py tells the form of NAME.rows), and
 * refusals of files that are made from one that is right.
 */
#ifndef IMPORT_HELP_H
#define IMPORT_HELP_H

#include <math.h>

#include "forest_help.h"

#include "base/buf.h"
#include "base/file.h"
#include "forest/import.h"
#include "forest/output.h"
#include "forest/walk.h"
#include "oracle.h"

/* What the library answered. */
struct help_rows {
    uint32_t n, features, outputs, trees, answers;
    struct buf buf;
};

static inline void help_rows_read(struct help_rows *rows, const char *path)
{
    struct reason why = {""};

    memset(rows, 0, sizeof(*rows));
    if (file_read(path, 1 << 24, &rows->buf, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    memcpy(rows, rows->buf.data, 5 * sizeof(uint32_t));
    assert_true(rows->n > 0);
}

/* Row i: its values, and behind them margins, leaves and answers. */
static inline void help_row(const struct help_rows *rows, uint32_t i, double *values,
                            double *margins, uint32_t *leaves, double *answers)
{
    const size_t size =
        8 * ((size_t)rows->features + rows->outputs + rows->answers) + 4 * (size_t)rows->trees;
    const char *at = rows->buf.data + 20 + i * size;

    assert_true(20 + (i + 1) * size <= rows->buf.len);
    memcpy(values, at, 8 * (size_t)rows->features);
    memcpy(margins, at += 8 * (size_t)rows->features, 8 * (size_t)rows->outputs);
    memcpy(leaves, at += 8 * (size_t)rows->outputs, 4 * (size_t)rows->trees);
    memcpy(answers, at + 4 * (size_t)rows->trees, 8 * (size_t)rows->answers);
}

/* A fixture's model, which has to be right. */
static inline void help_import(import_read *import, const char *path, struct draft *draft)
{
    const struct import_options options = {0};
    struct reason why = {""};
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    memset(draft, 0, sizeof(*draft));
    if (import(file, path, &options, draft, &why) != RESULT_OK ||
        draft_check(draft, &why) != RESULT_OK)
        fail_msg("%s: %s", path, why.text);
    fclose(file);
}

/* NULL, or which of n numbers is not the same to the bit; NaN is none of them. */
static inline void help_same(const char *path, const char *what, uint32_t row,
                             const double *found, const double *told, uint32_t n)
{
    uint32_t k;

    for (k = 0; k < n; k++)
        if (memcmp(&found[k], &told[k], sizeof(*found)) != 0)
            fail_msg("%s, row %u, %s %u: %.17g, and not %.17g", path, row, what, k, found[k],
                     told[k]);
}

/* Whether two numbers are at most ulps units in the last place of float64 or 32 apart. */
static inline bool help_near(double a, double b, unsigned ulps, bool f32)
{
    double up = b, down = b;
    unsigned i;

    for (i = 0; i < ulps; i++) {
        up = f32 ? nextafterf((float)up, INFINITY) : nextafter(up, INFINITY);
        down = f32 ? nextafterf((float)down, -INFINITY) : nextafter(down, -INFINITY);
    }
    return a >= down && a <= up;
}

/* The same of the image that is made of it, by every kernel, one row at a time and all. */
static inline void help_walk(const char *path, const struct draft *draft,
                             const struct help_rows *rows)
{
    double values[64 * 64], margins[64 * 64], found[64 * 64], answers[64];
    const uint32_t n = rows->n, f = rows->features, k = rows->outputs;
    uint32_t leaves[64 * 64], ids[64 * 64], i;
    struct reason why = {""};
    struct image *image;
    unsigned kernel;
    void *bytes;
    size_t len;

    assert_true(n <= 64 && f <= 64 && k <= 64 && rows->trees <= 64);
    if (draft_pack(draft, &bytes, &len, &why) != RESULT_OK)
        fail_msg("%s: %s", path, why.text);
    image = help_prove(bytes, len);
    for (i = 0; i < n; i++)
        help_row(rows, i, values + (size_t)i * f, margins + (size_t)i * k,
                 leaves + (size_t)i * rows->trees, answers);
    for (kernel = 0; walk_kernel_name(kernel) != NULL; kernel++) {
        if (!walk_use(walk_kernel_name(kernel)))
            continue;
        walk_predict(image, values, n, found);
        help_same(path, "margin of the walk", 0, found, margins, n * k);
        for (i = 0; i < n; i++) {
            walk_predict(image, values + (size_t)i * f, 1, found);
            help_same(path, "margin of a lone walk", i, found, margins + (size_t)i * k, k);
        }
        walk_leaves(image, values, n, ids);
        assert_memory_equal(ids, leaves, (size_t)n * rows->trees * sizeof(*ids));
    }
    walk_use(walk_kernel_name(0));
    image_close(image);
    free(bytes);
}

/*
 * Margins and leaves to the bit, answers within `ulps`, for all rows of a fixture.  One
 * answer more than there are is the class.
 */
static inline void help_fixture(import_read *import, const char *kind, const char *name,
                                const char *suffix, unsigned ulps)
{
    char model[128], path[128];
    double values[64], margins[64], found[64], answers[64], given[64];
    uint32_t leaves[256], ids[256], classes[8] = {0}, i, k;
    struct help_rows rows;
    struct draft draft;
    struct output output;
    uint32_t width, label;

    snprintf(model, sizeof(model), "tests/fixtures/%s/%s.%s", kind, name, suffix);
    snprintf(path, sizeof(path), "tests/fixtures/%s/%s.rows", kind, name);
    help_import(import, model, &draft);
    help_rows_read(&rows, path);
    assert_int_equal(rows.features, draft.n_features);
    assert_int_equal(rows.outputs, draft.spec.n_outputs);
    assert_int_equal(rows.trees, draft.n_trees);
    for (k = 0; k < draft.n_targets && k < 8; k++)
        classes[k] = draft.targets[k].n_classes;
    output = (struct output){&draft.spec, classes, draft.n_targets, draft.thresholds};
    width = output_width(&output);
    label = rows.answers == width + 1;
    assert_int_equal(rows.answers, width + label);
    for (i = 0; i < rows.n; i++) {
        help_row(&rows, i, values, margins, leaves, answers);
        oracle_margins(&draft, values, found);
        help_same(model, "margin", i, found, margins, rows.outputs);
        oracle_leaves(&draft, values, ids);
        for (k = 0; k < rows.trees; k++)
            if (ids[k] != leaves[k])
                fail_msg("%s, row %u, tree %u: leaf %u, and not %u", model, i, k, ids[k],
                         leaves[k]);
        output_rows(&output, found, 1, given);
        if (label && output_class(&output, found, given, 0) != answers[width])
            fail_msg("%s, row %u: class %u, and not %g", model, i,
                     output_class(&output, found, given, 0), answers[width]);
        for (k = 0; k < width; k++)
            if (!help_near(given[k], answers[k], ulps, draft.spec.sum == SPEC_SUM_F32))
                fail_msg("%s, row %u, answer %u: %.17g, and not %.17g", model, i, k, given[k],
                         answers[k]);
    }
    help_walk(model, &draft, &rows);
    buf_free(&rows.buf);
    draft_free(&draft);
}

/*
 * What comes of bytes: the reason, the file's name being "t", or "" if all is right and
 * the draft too.
 */
static inline const char *help_import_bytes(import_read *import, const void *bytes, size_t len,
                                            struct reason *why)
{
    const struct import_options options = {0};
    FILE *file = fmemopen((void *)bytes, len, "rb");
    struct draft draft = {0};

    assert_non_null(file);
    why->text[0] = '\0';
    if (import(file, "t", &options, &draft, why) == RESULT_OK)
        draft_check(&draft, why);
    fclose(file);
    draft_free(&draft);
    return why->text;
}

#endif
