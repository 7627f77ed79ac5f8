/*
 * cmd_predict.c: forestgate predict: a file of rows in, a file of predictions out.
 *
 * What is done with the rows is forest/bulk.h's; an array is written if the output's name
 * ends in .npy.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_part.h"
#include "cmd/cli.h"
#include "cmd/progress.h"
#include "forest/bulk.h"
#include "forest/pool.h"

struct predict {
    const char *in_name, *out_name;
    FILE *in, *out;
    struct file_part part; /* the output until it is whole; not standard output */
    bool npy;              /* the output is an array */
    struct image *image;
    uint64_t size; /* bytes of the input, 0 if that is not known */
    struct progress progress;
};

/* ---- what the work calls ---- */

static enum result bytes_put(void *arg, const void *bytes, size_t len, struct reason *why)
{
    const struct predict *predict = arg;

    if (fwrite(bytes, 1, len, predict->out) != len)
        return reason_errno(why, "%s", predict->out_name);
    return RESULT_OK;
}

static enum result head_put(void *arg, const void *bytes, size_t len, struct reason *why)
{
    const struct predict *predict = arg;

    rewind(predict->out);
    return bytes_put(arg, bytes, len, why);
}

static void progress_tell(void *arg, const struct bulk_state *state)
{
    struct predict *predict = arg;
    off_t at = state->total == 0 && predict->size > 0 ? ftello(predict->in) : 0;

    progress_draw_rate(&predict->progress, state->total > 0 ? state->written : (uint64_t)at,
                       state->total > 0 ? state->total : predict->size, state->written);
}

/* ---- files ---- */

static bool ends_in_npy(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".npy") == 0;
}

static enum result files_open(struct predict *predict, const struct option_set *set,
                              struct reason *why)
{
    enum result result;
    struct stat st;
    int file;

    predict->part.fd = -1;
    predict->in_name = option_value(set, "--in");
    predict->out_name = option_value(set, "--out");
    predict->in = strcmp(predict->in_name, "-") == 0 ? stdin : fopen(predict->in_name, "re");
    if (predict->in == NULL)
        return reason_errno(why, "%s", predict->in_name);
    if (fstat(fileno(predict->in), &st) == 0 && S_ISREG(st.st_mode))
        predict->size = (uint64_t)st.st_size;
    predict->npy = predict->out_name != NULL && ends_in_npy(predict->out_name);
    if (predict->out_name == NULL) {
        predict->out_name = "standard output";
        predict->out = stdout;
        return RESULT_OK;
    }
    if (predict->npy && file_is_special(predict->out_name))
        return reason_set(why, RESULT_INVALID,
                          "%s: not a regular file, as an array needs, whose head is known last",
                          predict->out_name);
    result = file_part_open(predict->out_name, &predict->part, why);
    if (result != RESULT_OK)
        return result;
    file = dup(predict->part.fd);
    predict->out = file >= 0 ? fdopen(file, "w") : NULL;
    return predict->out != NULL ? RESULT_OK : reason_errno(why, "%s", predict->out_name);
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
    if (predict->out != NULL && predict->out != stdout && fclose(predict->out) != 0 &&
        result == RESULT_OK)
        result = reason_errno(why, "%s", predict->out_name);
    return file_part_end(&predict->part, result, 0666 & ~mask, why);
}

/* ---- all of it ---- */

/* Says which option it is that a reason is about. */
static void output_named(enum result result, struct reason *why)
{
    struct reason of;

    if (result == RESULT_OK)
        return;
    of = *why;
    reason_set(why, result, "--output: %s", of.text);
}

static enum result predict_all(struct predict *predict, enum columns_kind kind,
                               unsigned threads, struct reason *why)
{
    struct predictor predictor;
    struct bulk_plan plan = {
        .in = predict->in,
        .name = predict->in_name,
        .predictor = &predictor,
        .kind = kind,
        .npy = predict->npy,
        .threads = threads,
        .arg = predict,
        .put = bytes_put,
        .put_head = head_put,
        .written = progress_tell,
    };
    enum result result;
    uint64_t rows;

    if (predictor_open(&predictor, predict->image) == RESULT_OK) {
        const struct columns columns = {kind, &predictor};

        result = columns_check(&columns, why);
        output_named(result, why);
        if (result == RESULT_OK) {
            progress_start(&predict->progress, "predicting", "rows");
            result = bulk_run(&plan, &rows, why);
            progress_end(&predict->progress);
        }
    } else {
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    }
    predictor_close(&predictor);
    return result;
}

static int run_predict(const struct option_set *set)
{
    unsigned long long threads = 1;
    struct predict predict = {0};
    enum columns_kind kind = COLUMNS_LABEL;
    struct model_row row;
    enum result result;
    struct reason why;

    if (option_value(set, "--model") == NULL || option_value(set, "--in") == NULL) {
        reason_set(
            &why, RESULT_INVALID,
            "--model and --in are needed: forestgate predict --model NAME --in rows.csv");
        return cli_misuse(&why);
    }
    result = columns_kind_read(option_value(set, "--output"), &kind, &why);
    output_named(result, &why);
    if (result != RESULT_OK ||
        option_u64(set, "--threads", 1, POOL_MAX_THREADS, &threads, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = files_open(&predict, set, &why);
    if (result == RESULT_OK)
        result = cli_image_open(set, option_value(set, "--model"), &row, &predict.image, &why);
    if (result == RESULT_OK)
        result = predict_all(&predict, kind, (unsigned)threads, &why);
    result = files_close(&predict, result, &why);
    image_close(predict.image);
    return result == RESULT_OK ? CLI_DONE : cli_fail(&why);
}

static const struct option_row predict_options[] = {
    {"--model", "NAME|FILE", "a published model, or an image file", NULL},
    {"--in", "FILE", "the rows, CSV or NumPy's .npy; - is standard input", NULL},
    {"--out", "FILE", "where to write, an array if it ends in .npy; else standard output",
     NULL},
    {"--output", "label|probability|margin|leaf|value|contributions", "what to tell", "label"},
    {"--threads", "N", "that predict at once", "1"},
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_predict_commands[] = {
    {"predict", NULL, "", 0, predict_options, run_predict, "predict for the rows of a file",
     "  forestgate predict --model iris.fgm --in rows.csv\n"
     "  forestgate predict --model iris --in rows.csv --out out.csv --output probability\n"
     "  forestgate predict --model iris --in rows.csv --output contributions\n"
     "  forestgate predict --model iris --in rows.csv --output leaf\n"
     "  forestgate predict --model big.fgm --in rows.npy --out out.npy --threads 4\n"},
    {0},
};
