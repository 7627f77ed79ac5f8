/*
 * cmd_predict.c: forestgate predict: a file of rows in, a file of predictions out.
 *
 * Rows go through in blocks, so memory does not grow with them.  What is written is
 * CSV: a header line if the input has one, then one line a row.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/num.h"
#include "cmd/cli.h"
#include "forest/rows.h"
#include "forest/walk.h"

enum {
    BLOCK_ROWS = 256
};

enum output {
    OUTPUT_LABEL,
    OUTPUT_PROBABILITY,
    OUTPUT__MAX
};

static const char *const output_names[OUTPUT__MAX] = {
    [OUTPUT_LABEL] = "label",
    [OUTPUT_PROBABILITY] = "probability",
};

struct predict {
    const char *in_name, *out_name;
    FILE *in, *out;
    char *temporary; /* where the output is until it is whole; NULL for standard output */
    enum output output;
    struct image *image;
    double *values, *outputs; /* of one block */
    struct buf text;
};

static enum result output_read(const struct option_set *set, enum output *output,
                               struct reason *why)
{
    const char *text = option_value(set, "--output");

    for (int i = 0; i < OUTPUT__MAX; i++)
        if (strcmp(text, output_names[i]) == 0) {
            *output = (enum output)i;
            return RESULT_OK;
        }
    return reason_set(why, RESULT_INVALID,
                      "--output: \"%.40s\" is not allowed; allowed: label or probability",
                      text);
}

static void number_put(struct buf *text, double value)
{
    char number[NUM_DOUBLE_MAX];

    buf_put(text, number, num_print_double(number, value));
}

static void header_put(struct predict *predict)
{
    uint32_t classes = image_n_classes(predict->image);

    if (classes == 0 || predict->output == OUTPUT_LABEL)
        buf_puts(&predict->text, "prediction");
    else
        for (uint32_t k = 0; k < classes; k++) {
            if (k > 0)
                buf_putc(&predict->text, ',');
            csv_cell_put(&predict->text, image_class_label(predict->image, k));
        }
    buf_putc(&predict->text, '\n');
}

static void row_put(struct predict *predict, const double *outputs)
{
    uint32_t classes = image_n_classes(predict->image);

    if (classes == 0) {
        number_put(&predict->text, outputs[0]);
    } else if (predict->output == OUTPUT_LABEL) {
        csv_cell_put(&predict->text, image_class_label(predict->image, (uint32_t)walk_argmax(
                                                                           outputs, classes)));
    } else {
        for (uint32_t k = 0; k < classes; k++) {
            if (k > 0)
                buf_putc(&predict->text, ',');
            number_put(&predict->text, outputs[k]);
        }
    }
    buf_putc(&predict->text, '\n');
}

static enum result text_flush(struct predict *predict, struct reason *why)
{
    struct buf *text = &predict->text;

    if (buf_failed(text))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    if (fwrite(text->data, 1, text->len, predict->out) != text->len)
        return reason_errno(why, "%s", predict->out_name);
    buf_clear(text, SIZE_MAX);
    return RESULT_OK;
}

static enum result block_predict(struct predict *predict, size_t count, struct reason *why)
{
    uint32_t width = image_n_outputs(predict->image);

    walk_predict(predict->image, predict->values, count, predict->outputs);
    for (size_t i = 0; i < count; i++)
        row_put(predict, predict->outputs + i * width);
    return text_flush(predict, why);
}

static enum result rows_predict(struct predict *predict, struct rows *rows, struct reason *why)
{
    uint32_t width = image_n_features(predict->image);
    enum result result = RESULT_OK;
    size_t count;

    if (rows_have_header(rows))
        header_put(predict);
    while (result == RESULT_OK) {
        for (count = 0; count < BLOCK_ROWS; count++) {
            result = rows_next(rows, predict->values + count * width, why);
            if (result != RESULT_OK)
                break;
        }
        if (result == RESULT_OK || result == RESULT_MISSING) {
            enum result written = block_predict(predict, count, why);

            if (written != RESULT_OK)
                return written;
        }
    }
    return result == RESULT_MISSING ? RESULT_OK : result;
}

static enum result files_open(struct predict *predict, const struct option_set *set,
                              struct reason *why)
{
    int file;

    predict->in_name = option_value(set, "--in");
    predict->out_name = option_value(set, "--out");
    predict->in = strcmp(predict->in_name, "-") == 0 ? stdin : fopen(predict->in_name, "re");
    if (predict->in == NULL)
        return reason_errno(why, "%s", predict->in_name);
    if (predict->out_name == NULL) {
        predict->out_name = "standard output";
        predict->out = stdout;
        return RESULT_OK;
    }
    if (asprintf(&predict->temporary, "%s.XXXXXX", predict->out_name) < 0) {
        predict->temporary = NULL;
        return reason_set(why, RESULT_NOMEM, "out of memory");
    }
    file = mkstemp(predict->temporary);
    predict->out = file >= 0 ? fdopen(file, "w") : NULL;
    if (predict->out == NULL)
        return reason_errno(why, "%s", predict->out_name);
    return RESULT_OK;
}

/* Gives the output its name once it is whole. */
static enum result files_close(struct predict *predict, enum result result, struct reason *why)
{
    mode_t mask = umask(0);

    umask(mask);
    if (predict->in != NULL && predict->in != stdin)
        fclose(predict->in);
    if (predict->out != NULL && result == RESULT_OK && fflush(predict->out) != 0)
        result = reason_errno(why, "%s", predict->out_name);
    if (predict->temporary != NULL && predict->out != NULL) {
        fchmod(fileno(predict->out), 0666 & ~mask);
        if (fclose(predict->out) != 0 && result == RESULT_OK)
            result = reason_errno(why, "%s", predict->out_name);
        if (result == RESULT_OK && rename(predict->temporary, predict->out_name) != 0)
            result = reason_errno(why, "%s", predict->out_name);
        if (result != RESULT_OK)
            unlink(predict->temporary);
    }
    free(predict->temporary);
    return result;
}

static enum result predict_all(struct predict *predict, struct reason *why)
{
    struct rows *rows = NULL;
    enum result result;

    predict->values =
        calloc((size_t)BLOCK_ROWS * image_n_features(predict->image), sizeof(double));
    predict->outputs =
        calloc((size_t)BLOCK_ROWS * image_n_outputs(predict->image), sizeof(double));
    if (predict->values == NULL || predict->outputs == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    result = rows_open(predict->in, predict->in_name, predict->image, &rows, why);
    if (result == RESULT_OK)
        result = rows_predict(predict, rows, why);
    rows_close(rows);
    return result;
}

static int run_predict(const struct option_set *set)
{
    struct predict predict = {0};
    struct model_row row;
    enum result result;
    struct reason why;

    if (option_value(set, "--model") == NULL || option_value(set, "--in") == NULL) {
        reason_set(&why, RESULT_INVALID, "--model and --in are needed; see --help");
        return cli_misuse(&why);
    }
    if (output_read(set, &predict.output, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = files_open(&predict, set, &why);
    if (result == RESULT_OK)
        result = cli_image_open(set, option_value(set, "--model"), &row, &predict.image, &why);
    if (result == RESULT_OK)
        result = predict_all(&predict, &why);
    result = files_close(&predict, result, &why);
    image_close(predict.image);
    free(predict.values);
    free(predict.outputs);
    buf_free(&predict.text);
    return result == RESULT_OK ? CLI_DONE : cli_fail(&why);
}

static const struct option_row predict_options[] = {
    {"--model", "NAME|FILE", "a published model, or an image file", NULL},
    {"--in", "FILE", "the rows as CSV; - is standard input", NULL},
    {"--out", "FILE", "where to write; else standard output", NULL},
    {"--output", "KIND", "label or probability", "label"},
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_predict_commands[] = {
    {"predict", NULL, "", 0, predict_options, run_predict, "predict for the rows of a file",
     "  forestgate predict --model iris.fgm --in rows.csv\n"
     "  forestgate predict --model iris --in rows.csv --out out.csv --output probability\n"},
    {0},
};
