/*
 * model_verify.c: an image against the answers of the library that trained its model.
 *
 * One row is held at a time.  Every way to read the expected numbers that their count
 * allows is followed to the end; the one with the least difference is what they are.
 */
#include "cmd/model_verify.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/num.h"
#include "forest/output.h"
#include "forest/rows.h"
#include "forest/walk.h"

enum kind {
    KIND_MARGIN, /* the sums */
    KIND_ANSWER, /* all classes' probabilities, or values */
    KIND_SECOND, /* of two classes the second's probability */
    KIND_CLASS,  /* the class, by its number */
    KIND__MAX
};

enum {
    ULP_SUM = 1,
    ULP_TRANSFORM = 4,
    ULP_LOGSUMEXP = 32
};

static const char *const kind_names[KIND__MAX] = {
    [KIND_MARGIN] = "margin",
    [KIND_ANSWER] = "answer",
    [KIND_SECOND] = "probability of the second class",
    [KIND_CLASS] = "class",
};

struct verify {
    const struct draft *draft;
    const struct image *image;
    struct output output;
    uint32_t *classes; /* by target */
    double *row, *margins, *answers, *expected, *got;
    size_t n_expected;
    struct rows *rows;
    struct csv *csv;
    bool have_line; /* the line that was read to see whether it is a header is a row */
    struct verify_report reports[KIND__MAX];
};

/* How many numbers a row has if they are of that kind; 0 if they cannot be. */
static size_t kind_count(const struct verify *verify, enum kind kind)
{
    const struct draft *draft = verify->draft;
    uint32_t t;

    for (t = 0; t < draft->n_targets; t++)
        if ((kind == KIND_SECOND && output_count(&verify->output, t) != 2) ||
            (kind == KIND_CLASS && verify->classes[t] == 0))
            return 0;
    if (kind == KIND_MARGIN)
        return draft->spec.n_outputs;
    return kind == KIND_ANSWER ? output_width(&verify->output) : draft->n_targets;
}

/* What this row's numbers of that kind are, in got. */
static void kind_fill(struct verify *verify, enum kind kind)
{
    uint32_t t;

    if (kind == KIND_MARGIN)
        memcpy(verify->got, verify->margins, verify->n_expected * sizeof(double));
    else if (kind == KIND_ANSWER)
        memcpy(verify->got, verify->answers, verify->n_expected * sizeof(double));
    else
        for (t = 0; t < verify->draft->n_targets; t++)
            verify->got[t] =
                kind == KIND_SECOND
                    ? verify->answers[output_begin(&verify->output, t) + 1]
                    : output_class(&verify->output, verify->margins, verify->answers, t);
}

/* A float's or a double's place among all of them, so that neighbours differ by 1. */
static int64_t place_of(double value, bool f32)
{
    const float narrow = (float)value;
    uint32_t bits32;
    uint64_t bits;

    memcpy(&bits32, &narrow, sizeof(bits32));
    memcpy(&bits, &value, sizeof(bits));
    if (f32)
        return bits32 >> 31 != 0 ? -(int64_t)(bits32 & INT32_MAX) : (int64_t)bits32;
    return bits >> 63 != 0 ? -(int64_t)(bits & INT64_MAX) : (int64_t)bits;
}

/* In units of the last place; a zero of the other sign is half of one. */
static double distance(double a, double b, bool f32)
{
    int64_t from, to;

    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : INFINITY;
    from = place_of(a, f32);
    to = place_of(b, f32);
    if (from == to)
        return signbit(a) == signbit(b) ? 0 : 0.5;
    return from > to ? (double)((uint64_t)from - (uint64_t)to)
                     : (double)((uint64_t)to - (uint64_t)from);
}

static void compare_row(struct verify *verify, enum kind kind)
{
    struct verify_report *report = &verify->reports[kind];
    const bool f32 = verify->draft->spec.sum == SPEC_SUM_F32;
    double worst = 0;
    size_t i;

    report->rows++;
    kind_fill(verify, kind);
    for (i = 0; i < verify->n_expected; i++)
        worst = fmax(worst, distance(verify->got[i], verify->expected[i], f32));
    report->equal += worst == 0;
    if (worst > report->worst) {
        report->worst = worst;
        report->worst_row = report->rows;
    }
}

/* The next line of expected numbers.  RESULT_MISSING at the end. */
static enum result expected_next(struct verify *verify, struct reason *why)
{
    enum result result = verify->have_line ? RESULT_OK : csv_next(verify->csv, why);
    const char *cell;
    size_t i, len;

    verify->have_line = false;
    for (i = 0; i < verify->n_expected && result == RESULT_OK; i++) {
        cell = csv_cell(verify->csv, i, &len);
        if (!num_parse_double_loose(cell, len, &verify->expected[i]))
            result = csv_refuse_cell(verify->csv, i, RESULT_INVALID, "is not a number", why);
    }
    return result;
}

/* The first line of the expected numbers, and how many there are in a row. */
static enum result expected_open(struct verify *verify, const char *path, struct reason *why)
{
    enum result result = csv_next(verify->csv, why);
    const char *cell;
    double first;
    size_t len;
    int kind;

    if (result != RESULT_OK)
        return result == RESULT_MISSING ? reason_set(why, RESULT_INVALID, "%s: no rows", path)
                                        : result;
    cell = csv_cell(verify->csv, 0, &len);
    verify->n_expected = csv_cells(verify->csv);
    verify->have_line = num_parse_double_loose(cell, len, &first);
    if (!verify->have_line && (result = csv_take_header(verify->csv, why)) != RESULT_OK)
        return result;
    for (kind = 0; kind < KIND__MAX; kind++)
        if (kind_count(verify, kind) == verify->n_expected)
            return RESULT_OK;
    return reason_set(
        why, RESULT_INVALID, "%s: %zu numbers in a row; margins are %zu, answers %zu", path,
        verify->n_expected, kind_count(verify, KIND_MARGIN), kind_count(verify, KIND_ANSWER));
}

static enum result verify_rows(struct verify *verify, const char *path, struct reason *why)
{
    enum result rows, expected;
    uint64_t n = 0;
    int kind;

    for (;; n++) {
        rows = rows_next(verify->rows, verify->row, why);
        if (rows != RESULT_OK && rows != RESULT_MISSING)
            return rows;
        expected = expected_next(verify, why);
        if (expected != RESULT_OK && expected != RESULT_MISSING)
            return expected;
        if (rows == RESULT_MISSING && expected == RESULT_MISSING && n != 0)
            return RESULT_OK;
        if (rows != RESULT_OK || expected != RESULT_OK)
            return reason_set(why, RESULT_INVALID, "%s: %s than there are rows", path,
                              rows != RESULT_OK ? "more" : "fewer");
        walk_predict(verify->image, verify->row, 1, verify->margins);
        output_rows(&verify->output, verify->margins, 1, verify->answers);
        for (kind = 0; kind < KIND__MAX; kind++)
            if (kind_count(verify, kind) == verify->n_expected)
                compare_row(verify, kind);
    }
}

/* How far off such numbers may be: what is between them and the trees decides. */
static double allowed_of(const struct verify *verify, int kind)
{
    const enum spec_transform transform = verify->draft->spec.transform;

    if ((kind != KIND_ANSWER && kind != KIND_SECOND) || transform == SPEC_IDENTITY ||
        transform == SPEC_FRACTIONS)
        return ULP_SUM;
    return transform == SPEC_LOGSUMEXP_F64 ? ULP_LOGSUMEXP : ULP_TRANSFORM;
}

static void report_best(const struct verify *verify, struct verify_report *report)
{
    const struct verify_report *best = NULL;
    int kind;

    for (kind = 0; kind < KIND__MAX; kind++) {
        const struct verify_report *one = &verify->reports[kind];

        if (one->rows == 0 || (best != NULL && one->worst >= best->worst))
            continue;
        best = one;
        *report = *one;
        report->allowed = allowed_of(verify, kind);
        report->what = kind_names[kind];
    }
}

static enum result make_room(struct verify *verify)
{
    const struct draft *draft = verify->draft;
    uint32_t t;
    size_t width;

    verify->classes = calloc(draft->n_targets, sizeof(*verify->classes));
    if (verify->classes == NULL)
        return RESULT_NOMEM;
    for (t = 0; t < draft->n_targets; t++)
        verify->classes[t] = draft->targets[t].n_classes;
    verify->output = (struct output){.spec = &draft->spec,
                                     .classes = verify->classes,
                                     .n_targets = draft->n_targets,
                                     .thresholds = draft->thresholds};
    width = (size_t)output_width(&verify->output) + draft->spec.n_outputs + draft->n_targets;
    verify->row = calloc(draft->n_features, sizeof(double));
    verify->margins = calloc(width, sizeof(double));
    verify->answers = calloc(width, sizeof(double));
    verify->expected = calloc(width, sizeof(double));
    verify->got = calloc(width, sizeof(double));
    return verify->row == NULL || verify->margins == NULL || verify->answers == NULL ||
                   verify->expected == NULL || verify->got == NULL
               ? RESULT_NOMEM
               : RESULT_OK;
}

static void verify_free(struct verify *verify)
{
    rows_close(verify->rows);
    csv_close(verify->csv);
    free(verify->classes);
    free(verify->row);
    free(verify->margins);
    free(verify->answers);
    free(verify->expected);
    free(verify->got);
}

enum result model_verify(const struct draft *draft, const struct image *image,
                         const char *rows_path, const char *expected_path,
                         struct verify_report *report, struct reason *why)
{
    struct verify verify = {.draft = draft, .image = image};
    FILE *rows = fopen(rows_path, "re"), *expected = NULL;
    enum result result;

    if (rows == NULL)
        return reason_errno(why, "%s", rows_path);
    expected = fopen(expected_path, "re");
    result = expected == NULL ? reason_errno(why, "%s", expected_path) : make_room(&verify);
    if (result == RESULT_NOMEM)
        reason_set(why, result, "out of memory");
    if (result == RESULT_OK)
        result = rows_open(rows, rows_path, image, NULL, &verify.rows, why);
    if (result == RESULT_OK)
        result = csv_open_file(expected, expected_path, &verify.csv, why);
    if (result == RESULT_OK)
        result = expected_open(&verify, expected_path, why);
    if (result == RESULT_OK)
        result = verify_rows(&verify, expected_path, why);
    if (result == RESULT_OK)
        report_best(&verify, report);
    verify_free(&verify);
    fclose(rows);
    if (expected != NULL)
        fclose(expected);
    return result;
}
