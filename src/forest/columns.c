/*
 * columns.c: what is written of each row that was predicted, as columns.
 */
#include "forest/columns.h"

#include <string.h>

#include "base/csv.h"
#include "base/num.h"
#include "forest/contributions.h"

static const char *const kind_names[COLUMNS__MAX] = {
    [COLUMNS_LABEL] = "label",   [COLUMNS_PROBABILITY] = "probability",
    [COLUMNS_MARGIN] = "margin", [COLUMNS_LEAF] = "leaf",
    [COLUMNS_VALUE] = "value",   [COLUMNS_CONTRIBUTIONS] = "contributions",
};

/* The words of POST /predict for the same, which are taken too. */
static const char *const kind_outputs[COLUMNS__MAX] = {
    [COLUMNS_LABEL] = "label",   [COLUMNS_PROBABILITY] = "probabilities",
    [COLUMNS_MARGIN] = "margin", [COLUMNS_LEAF] = "leaves",
    [COLUMNS_VALUE] = "value",   [COLUMNS_CONTRIBUTIONS] = "contributions",
};

enum result columns_kind_read(const char *text, enum columns_kind *out, struct reason *why)
{
    for (int i = 0; i < COLUMNS__MAX; i++)
        if (strcmp(text, kind_names[i]) == 0 || strcmp(text, kind_outputs[i]) == 0) {
            *out = (enum columns_kind)i;
            return RESULT_OK;
        }
    return reason_set(why, RESULT_INVALID, "\"%.40s\" is not allowed; allowed: " COLUMNS_NAMES,
                      text);
}

static enum spec_task task_of(const struct columns *columns)
{
    return columns->predictor->output.spec->task;
}

enum result columns_check(const struct columns *columns, struct reason *why)
{
    if (columns->kind == COLUMNS_PROBABILITY && task_of(columns) != SPEC_REGRESS &&
        !output_has_probabilities(&columns->predictor->output))
        return reason_set(why, RESULT_INVALID, "the model has no probabilities");
    if (columns->kind == COLUMNS_VALUE && task_of(columns) == SPEC_CLASSIFY)
        return reason_set(why, RESULT_INVALID,
                          "the model has classes and no value; allowed: label, "
                          "probability, margin, leaf or contributions");
    return RESULT_OK;
}

uint32_t columns_width(const struct columns *columns)
{
    const struct predictor *predictor = columns->predictor;

    switch (columns->kind) {
    case COLUMNS_LABEL:
        return predictor->output.n_targets;
    case COLUMNS_MARGIN:
        return predictor_margins(predictor);
    case COLUMNS_LEAF:
        return image_n_trees(predictor->image);
    case COLUMNS_CONTRIBUTIONS:
        return contributions_width(predictor->image);
    default:
        return predictor_width(predictor);
    }
}

/* Whether a label is a class, and not a value. */
static bool has_labels(const struct columns *columns)
{
    return columns->kind == COLUMNS_LABEL && task_of(columns) != SPEC_REGRESS;
}

enum npy_kind columns_npy_kind(const struct columns *columns)
{
    return has_labels(columns) || columns->kind == COLUMNS_LEAF ? NPY_I64 : NPY_F64;
}

static void comma_put(struct buf *text, bool *first)
{
    if (!*first)
        buf_putc(text, ',');
    *first = false;
}

/* "species", or "target_1" where it has no name. */
static void target_name_put(const struct image *image, uint32_t t, struct buf *name)
{
    if (image_target_name(image, t) != NULL)
        buf_puts(name, image_target_name(image, t));
    else
        buf_printf(name, "target_%u", (unsigned)t);
}

/* One name for target t (k < 0), or for its class k: "setosa", "species.setosa". */
static void name_put(const struct columns *columns, uint32_t t, int64_t k, struct buf *text)
{
    const struct image *image = columns->predictor->image;
    const bool several = columns->predictor->output.n_targets > 1;
    struct buf name = {0};

    if (several)
        target_name_put(image, t, &name);
    if (several && k >= 0)
        buf_putc(&name, '.');
    if (k >= 0)
        buf_puts(&name, image_target_label(image, t, (uint32_t)k));
    else if (!several)
        buf_puts(&name, columns->kind == COLUMNS_MARGIN ? "margin"
                        : task_of(columns) == SPEC_ANOMALY && columns->kind == COLUMNS_VALUE
                            ? "score"
                            : "prediction");
    if (buf_failed(&name))
        text->failed = true;
    else
        csv_cell_put(text, name.data);
    buf_free(&name);
}

/* Numbers of target t that the columns have. */
static uint32_t count_of(const struct columns *columns, uint32_t t)
{
    if (columns->kind == COLUMNS_LABEL)
        return 1;
    if (columns->kind == COLUMNS_MARGIN)
        return output_margins(&columns->predictor->output, t);
    return output_count(&columns->predictor->output, t);
}

void columns_header_put(const struct columns *columns, struct buf *text)
{
    bool first = true;

    if (columns->kind == COLUMNS_CONTRIBUTIONS) {
        contributions_header_put(columns->predictor->image, text);
        return;
    }
    for (uint32_t t = 0; columns->kind == COLUMNS_LEAF && t < columns_width(columns); t++) {
        comma_put(text, &first);
        buf_printf(text, "tree_%u", (unsigned)t);
    }
    if (columns->kind == COLUMNS_LEAF)
        return;
    for (uint32_t t = 0; t < columns->predictor->output.n_targets; t++) {
        uint32_t count = count_of(columns, t);

        for (uint32_t k = 0; k < count; k++) {
            comma_put(text, &first);
            name_put(columns, t, count > 1 ? (int64_t)k : -1, text);
        }
    }
}

static void number_put(struct buf *text, double value)
{
    char number[NUM_DOUBLE_MAX];

    buf_put(text, number, num_print_double(number, value));
}

static void labels_put(const struct columns *columns, const struct columns_row *row,
                       bool binary, struct buf *text)
{
    const struct predictor *predictor = columns->predictor;
    bool first = true;

    for (uint32_t t = 0; t < predictor->output.n_targets; t++) {
        if (binary) {
            int64_t k = predictor_class(predictor, row->margins, row->answers, t);

            buf_put(text, &k, sizeof(k));
            continue;
        }
        comma_put(text, &first);
        csv_cell_put(text, predictor_label(predictor, row->margins, row->answers, t));
    }
}

static void leaves_put(const struct columns *columns, const uint32_t *leaves, bool binary,
                       struct buf *text)
{
    uint32_t n = columns_width(columns);
    bool first = true;

    for (uint32_t t = 0; t < n; t++) {
        int64_t leaf = leaves[t];

        if (binary) {
            buf_put(text, &leaf, sizeof(leaf));
            continue;
        }
        comma_put(text, &first);
        buf_put_u64(text, leaves[t]);
    }
}

void columns_row_put(const struct columns *columns, const struct columns_row *row, bool binary,
                     struct buf *text)
{
    const double *numbers = columns->kind == COLUMNS_MARGIN ? row->margins : row->answers;
    uint32_t n = columns_width(columns);
    bool first = true;

    if (has_labels(columns)) {
        labels_put(columns, row, binary, text);
    } else if (columns->kind == COLUMNS_LEAF) {
        leaves_put(columns, row->leaves, binary, text);
    } else if (binary) {
        buf_put(text, numbers, n * sizeof(*numbers));
    } else {
        for (uint32_t k = 0; k < n; k++) {
            comma_put(text, &first);
            number_put(text, numbers[k]);
        }
    }
    if (!binary)
        buf_putc(text, '\n');
}
