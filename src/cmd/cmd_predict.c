/*
 * cmd_predict.c: forestgate predict: a file of rows in, a file of predictions out.
 *
 * Rows go through in blocks, so memory does not grow with them; threads predict and
 * print, one reads and writes (blocks.h), so what is written is the same for any number
 * of threads.  Written is CSV, with a header line if the input has one and one line a
 * row; or an array of NumPy's, if the output's name ends in .npy.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_part.h"
#include "base/npy.h"
#include "cmd/blocks.h"
#include "cmd/cli.h"
#include "cmd/columns.h"
#include "cmd/contributions.h"
#include "cmd/progress.h"
#include "forest/pool.h"
#include "forest/rows.h"
#include "forest/walk.h"

enum {
    BLOCK_VALUES = 1 << 16, /* of a block, unless one row has more */
    BLOCK_MAX_ROWS = 4096,
};

/* Some rows on their way. */
struct block {
    double *values, *margins, *answers;
    uint32_t *leaves; /* where they are asked for */
    size_t rows;
    struct contributions *contributions; /* of them, where they are asked for */
    struct buf text;                     /* as they will be written */
};

struct predict {
    const char *in_name, *out_name;
    FILE *in, *out;
    struct file_part part; /* the output until it is whole; not standard output */
    bool npy;              /* the output is an array */
    struct image *image;
    struct predictor predictor;
    struct columns columns;
    struct rows *rows;
    size_t block_rows;   /* most rows of a block */
    uint64_t done, size; /* rows written; bytes of the input, 0 if that is not known */
    struct progress progress;
};

/* ---- the three steps of a block ---- */

static enum result block_fill(void *arg, void *item, struct reason *why)
{
    const struct predict *predict = arg;
    struct block *block = item;
    const size_t width = image_n_features(predict->image);
    enum result result = RESULT_OK;

    for (block->rows = 0; block->rows < predict->block_rows; block->rows++) {
        result = rows_next(predict->rows, block->values + block->rows * width, why);
        if (result != RESULT_OK)
            break;
    }
    /* The rows before a fault are of no use to anyone: the output is whole or not there. */
    return result == RESULT_MISSING && block->rows > 0 ? RESULT_OK : result;
}

static void block_work(void *arg, void *item)
{
    const struct predict *predict = arg;
    const struct predictor *predictor = &predict->predictor;
    const size_t margins = predictor_margins(predictor), width = predictor_width(predictor),
                 trees = image_n_trees(predict->image);
    struct block *block = item;

    predictor_rows(predictor, block->values, block->rows, block->margins, block->answers);
    if (block->contributions != NULL) {
        contributions_put(block->contributions, block->values, block->rows, block->margins,
                          predict->npy, &block->text);
        return;
    }
    if (block->leaves != NULL)
        walk_leaves(predict->image, block->values, block->rows, block->leaves);
    for (size_t i = 0; i < block->rows; i++)
        columns_row_put(&predict->columns,
                        &(struct columns_row){
                            block->margins + i * margins,
                            block->answers + i * width,
                            block->leaves != NULL ? block->leaves + i * trees : NULL,
                        },
                        predict->npy, &block->text);
}

static enum result text_write(const struct predict *predict, struct buf *text,
                              struct reason *why)
{
    if (buf_failed(text))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    if (fwrite(text->data, 1, text->len, predict->out) != text->len)
        return reason_errno(why, "%s", predict->out_name);
    buf_clear(text, SIZE_MAX);
    return RESULT_OK;
}

static void progress_tell(struct predict *predict)
{
    uint64_t total = rows_total(predict->rows);
    off_t at = total == 0 && predict->size > 0 ? ftello(predict->in) : 0;

    progress_draw_rate(&predict->progress, total > 0 ? predict->done : (uint64_t)at,
                       total > 0 ? total : predict->size, predict->done);
}

static enum result block_empty(void *arg, void *item, struct reason *why)
{
    struct predict *predict = arg;
    struct block *block = item;
    enum result result = RESULT_OK;

    if (block->contributions != NULL)
        result = contributions_result(block->contributions, why);
    if (result == RESULT_OK)
        result = text_write(predict, &block->text, why);
    predict->done += block->rows;
    progress_tell(predict);
    return result;
}

/* ---- files ---- */

static bool ends_in_npy(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".npy") == 0;
}

/* The first line, or an array's header, for which the number of rows is known at the end. */
static enum result head_write(const struct predict *predict, struct reason *why)
{
    const uint32_t width = columns_width(&predict->columns);
    char header[NPY_WRITE_HEADER];
    struct buf text = {0};
    enum result result;

    if (predict->npy) {
        npy_header_print(header, columns_npy_kind(&predict->columns), predict->done,
                         width > 1 ? width : 0);
        buf_put(&text, header, sizeof(header));
    } else if (rows_have_header(predict->rows)) {
        columns_header_put(&predict->columns, &text);
        buf_putc(&text, '\n');
    }
    result = text_write(predict, &text, why);
    buf_free(&text);
    return result;
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

static void blocks_free(struct block *blocks, size_t n)
{
    for (size_t i = 0; i < n && blocks != NULL; i++) {
        free(blocks[i].values);
        free(blocks[i].margins);
        free(blocks[i].answers);
        free(blocks[i].leaves);
        contributions_free(blocks[i].contributions);
        buf_free(&blocks[i].text);
    }
    free(blocks);
}

/* Room for a block's numbers; false for want of memory. */
static bool block_make(const struct predict *predict, struct block *block)
{
    const struct predictor *predictor = &predict->predictor;
    const size_t rows = predict->block_rows;

    block->values = reallocarray(NULL, rows, image_n_features(predict->image) * sizeof(double));
    block->margins = reallocarray(NULL, rows, predictor_margins(predictor) * sizeof(double));
    block->answers = reallocarray(NULL, rows, predictor_width(predictor) * sizeof(double));
    if (predict->columns.kind == COLUMNS_LEAF)
        block->leaves =
            reallocarray(NULL, rows, image_n_trees(predict->image) * sizeof(uint32_t));
    return block->values != NULL && block->margins != NULL && block->answers != NULL &&
           (predict->columns.kind != COLUMNS_LEAF || block->leaves != NULL);
}

static enum result blocks_make(const struct predict *predict, struct block *blocks,
                               void **items, size_t n, struct reason *why)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; i < n && result == RESULT_OK; i++) {
        if (!block_make(predict, &blocks[i]))
            return reason_set(why, RESULT_NOMEM, "out of memory");
        if (predict->columns.kind == COLUMNS_CONTRIBUTIONS)
            result = contributions_new(predict->image, predict->block_rows,
                                       &blocks[i].contributions, why);
        items[i] = &blocks[i];
    }
    return result;
}

static size_t rows_of_a_block(const struct predict *predict)
{
    const size_t features = image_n_features(predict->image),
                 width = columns_width(&predict->columns);
    size_t widest = predictor_margins(&predict->predictor), rows;

    widest = widest > features ? widest : features;
    widest = widest > width ? widest : width;
    rows = BLOCK_VALUES / widest;
    return rows < 1 ? 1 : rows > BLOCK_MAX_ROWS ? BLOCK_MAX_ROWS : rows;
}

/* Everything between the head and the end. */
static enum result rows_predict(struct predict *predict, unsigned threads, struct reason *why)
{
    const size_t n = threads > 1 ? (size_t)2 * threads : 1;
    struct block *blocks = calloc(n, sizeof(*blocks));
    void **items = calloc(n, sizeof(*items));
    struct blocks_plan plan = {
        .arg = predict,
        .threads = threads,
        .blocks = items,
        .n_blocks = n,
        .fill = block_fill,
        .work = block_work,
        .empty = block_empty,
    };
    enum result result;

    predict->block_rows = rows_of_a_block(predict);
    if (blocks == NULL || items == NULL)
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    else
        result = blocks_make(predict, blocks, items, n, why);
    if (result == RESULT_OK)
        result = blocks_run(&plan, why);
    blocks_free(blocks, n);
    free(items);
    return result;
}

static enum result predict_all(struct predict *predict, unsigned threads, struct reason *why)
{
    enum result result = columns_check(&predict->columns, why);

    if (result == RESULT_OK)
        result = rows_open(predict->in, predict->in_name, predict->image, &predict->rows, why);
    if (result == RESULT_OK)
        result = head_write(predict, why);
    if (result == RESULT_OK) {
        progress_start(&predict->progress, "predicting", "rows");
        result = rows_predict(predict, threads, why);
        progress_end(&predict->progress);
    }
    if (result == RESULT_OK && predict->npy) {
        rewind(predict->out);
        result = head_write(predict, why);
    }
    rows_close(predict->rows);
    return result;
}

static int run_predict(const struct option_set *set)
{
    unsigned long long threads = 1;
    struct predict predict = {0};
    struct model_row row;
    enum result result;
    struct reason why;

    if (option_value(set, "--model") == NULL || option_value(set, "--in") == NULL) {
        reason_set(&why, RESULT_INVALID, "--model and --in are needed; see --help");
        return cli_misuse(&why);
    }
    if (columns_kind_read(option_value(set, "--output"), &predict.columns.kind, &why) !=
            RESULT_OK ||
        option_u64(set, "--threads", 1, POOL_MAX_THREADS, &threads, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = files_open(&predict, set, &why);
    if (result == RESULT_OK)
        result = cli_image_open(set, option_value(set, "--model"), &row, &predict.image, &why);
    if (result == RESULT_OK && predictor_open(&predict.predictor, predict.image) != RESULT_OK)
        result = reason_set(&why, RESULT_NOMEM, "out of memory");
    predict.columns.predictor = &predict.predictor;
    if (result == RESULT_OK)
        result = predict_all(&predict, (unsigned)threads, &why);
    result = files_close(&predict, result, &why);
    predictor_close(&predict.predictor);
    image_close(predict.image);
    return result == RESULT_OK ? CLI_DONE : cli_fail(&why);
}

static const struct option_row predict_options[] = {
    {"--model", "NAME|FILE", "a published model, or an image file", NULL},
    {"--in", "FILE", "the rows, CSV or NumPy's .npy; - is standard input", NULL},
    {"--out", "FILE", "where to write, an array if it ends in .npy; else standard output",
     NULL},
    {"--output", "KIND", COLUMNS_NAMES, "label"},
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
