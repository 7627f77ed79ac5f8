/*
 * bulk.c: many rows in, their predictions out, block by block.
 */
#include "forest/bulk.h"

#include <stdlib.h>

#include "base/npy.h"
#include "forest/blocks.h"
#include "forest/contributions.h"
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

struct bulk {
    const struct bulk_plan *plan;
    const struct image *image;
    struct columns columns;
    struct rows *rows;
    size_t block_rows; /* most rows of a block */
    struct bulk_state state;
};

/* ---- the three steps of a block ---- */

static enum result block_fill(void *arg, void *item, struct reason *why)
{
    struct bulk *bulk = arg;
    const struct bulk_plan *plan = bulk->plan;
    struct block *block = item;
    const size_t width = image_n_features(bulk->image);
    enum result result = RESULT_OK;

    for (block->rows = 0; block->rows < bulk->block_rows; block->rows++) {
        result = rows_next(bulk->rows, block->values + block->rows * width, why);
        if (result != RESULT_OK)
            break;
    }
    /* The rows before a fault are of no use to anyone: the output is whole or not there. */
    if (result != RESULT_OK && (result != RESULT_MISSING || block->rows == 0))
        return result;
    bulk->state.read += block->rows;
    return plan->go_on != NULL ? plan->go_on(plan->arg, &bulk->state, why) : RESULT_OK;
}

/* A block as the callbacks see it. */
static struct bulk_block block_shown(const struct block *block)
{
    return (struct bulk_block){block->values, block->margins, block->answers, block->leaves,
                               block->rows};
}

static void block_work(void *arg, void *item)
{
    const struct bulk *bulk = arg;
    const struct predictor *predictor = bulk->plan->predictor;
    const size_t margins = predictor_margins(predictor), width = predictor_width(predictor),
                 trees = image_n_trees(bulk->image);
    struct block *block = item;

    predictor_rows(predictor, block->values, block->rows, block->margins, block->answers);
    if (block->contributions != NULL) {
        contributions_put(block->contributions, block->values, block->rows, block->margins,
                          bulk->plan->npy, &block->text);
        return;
    }
    if (block->leaves != NULL)
        walk_leaves(bulk->image, block->values, block->rows, block->leaves);
    if (bulk->plan->print != NULL) {
        const struct bulk_block shown = block_shown(block);

        bulk->plan->print(bulk->plan->arg, &shown, &block->text);
        return;
    }
    for (size_t i = 0; i < block->rows; i++)
        columns_row_put(&bulk->columns,
                        &(struct columns_row){
                            block->margins + i * margins,
                            block->answers + i * width,
                            block->leaves != NULL ? block->leaves + i * trees : NULL,
                        },
                        bulk->plan->npy, &block->text);
}

static enum result text_put(const struct bulk *bulk, struct buf *text, struct reason *why)
{
    enum result result;

    if (buf_failed(text))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    result = bulk->plan->put(bulk->plan->arg, text->data, text->len, why);
    buf_clear(text, SIZE_MAX);
    return result;
}

static enum result block_empty(void *arg, void *item, struct reason *why)
{
    struct bulk *bulk = arg;
    const struct bulk_plan *plan = bulk->plan;
    struct block *block = item;
    const struct bulk_block shown = block_shown(block);
    enum result result = RESULT_OK;

    if (block->contributions != NULL)
        result = contributions_result(block->contributions, why);
    if (result == RESULT_OK && plan->look != NULL)
        result = plan->look(plan->arg, &shown, why);
    if (result == RESULT_OK)
        result = text_put(bulk, &block->text, why);
    bulk->state.written += block->rows;
    if (result == RESULT_OK && plan->written != NULL)
        plan->written(plan->arg, &bulk->state);
    return result;
}

/* ---- blocks ---- */

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
static bool block_make(const struct bulk *bulk, struct block *block)
{
    const struct predictor *predictor = bulk->plan->predictor;
    const size_t rows = bulk->block_rows;

    block->values = reallocarray(NULL, rows, image_n_features(bulk->image) * sizeof(double));
    block->margins = reallocarray(NULL, rows, predictor_margins(predictor) * sizeof(double));
    block->answers = reallocarray(NULL, rows, predictor_width(predictor) * sizeof(double));
    if (bulk->columns.kind == COLUMNS_LEAF)
        block->leaves = reallocarray(NULL, rows, image_n_trees(bulk->image) * sizeof(uint32_t));
    return block->values != NULL && block->margins != NULL && block->answers != NULL &&
           (bulk->columns.kind != COLUMNS_LEAF || block->leaves != NULL);
}

static enum result blocks_make(const struct bulk *bulk, struct block *blocks, void **items,
                               size_t n, struct reason *why)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; i < n && result == RESULT_OK; i++) {
        if (!block_make(bulk, &blocks[i]))
            return reason_set(why, RESULT_NOMEM, "out of memory");
        if (bulk->columns.kind == COLUMNS_CONTRIBUTIONS)
            result =
                contributions_new(bulk->image, bulk->block_rows, &blocks[i].contributions, why);
        items[i] = &blocks[i];
    }
    return result;
}

size_t bulk_rows_at_once(const struct predictor *predictor, size_t width)
{
    const size_t features = image_n_features(predictor->image);
    size_t widest = predictor_margins(predictor), rows;

    widest = widest > features ? widest : features;
    widest = widest > width ? widest : width;
    rows = BLOCK_VALUES / widest;
    return rows < 1 ? 1 : rows > BLOCK_MAX_ROWS ? BLOCK_MAX_ROWS : rows;
}

/* Everything between the head and the end. */
static enum result rows_predict(struct bulk *bulk, struct reason *why)
{
    const unsigned threads = bulk->plan->threads;
    const size_t n = threads > 1 ? (size_t)2 * threads : 1;
    struct block *blocks = calloc(n, sizeof(*blocks));
    void **items = calloc(n, sizeof(*items));
    struct blocks_plan plan = {
        .arg = bulk,
        .threads = threads,
        .blocks = items,
        .n_blocks = n,
        .fill = block_fill,
        .work = block_work,
        .empty = block_empty,
    };
    enum result result;

    bulk->block_rows = bulk_rows_at_once(bulk->plan->predictor, columns_width(&bulk->columns));
    if (blocks == NULL || items == NULL)
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    else
        result = blocks_make(bulk, blocks, items, n, why);
    if (result == RESULT_OK)
        result = blocks_run(&plan, why);
    blocks_free(blocks, n);
    free(items);
    return result;
}

/* ---- all of it ---- */

static void array_head_print(const struct bulk *bulk, char head[NPY_WRITE_HEADER])
{
    const uint32_t width = columns_width(&bulk->columns);

    npy_header_print(head, columns_npy_kind(&bulk->columns), bulk->state.written,
                     width > 1 ? width : 0);
}

/* The first line, or an array's head, for which the number of rows is known at the end. */
static enum result head_put(const struct bulk *bulk, struct reason *why)
{
    char head[NPY_WRITE_HEADER];
    struct buf text = {0};
    enum result result;

    if (bulk->plan->npy) {
        array_head_print(bulk, head);
        buf_put(&text, head, sizeof(head));
    } else if (bulk->plan->print == NULL && rows_have_header(bulk->rows)) {
        columns_header_put(&bulk->columns, &text);
        buf_putc(&text, '\n');
    }
    result = text_put(bulk, &text, why);
    buf_free(&text);
    return result;
}

enum result bulk_run(const struct bulk_plan *plan, uint64_t *rows, struct reason *why)
{
    struct bulk bulk = {
        .plan = plan,
        .image = plan->predictor->image,
        .columns = {plan->kind, plan->predictor},
    };
    char head[NPY_WRITE_HEADER];
    enum result result = columns_check(&bulk.columns, why);

    if (result == RESULT_OK)
        result = rows_open(plan->in, plan->name, bulk.image, plan->fault, &bulk.rows, why);
    if (result == RESULT_OK) {
        bulk.state.total = rows_total(bulk.rows);
        result = head_put(&bulk, why);
    }
    if (result == RESULT_OK)
        result = rows_predict(&bulk, why);
    if (result == RESULT_OK && plan->npy) {
        array_head_print(&bulk, head);
        result = plan->put_head(plan->arg, head, sizeof(head), why);
    }
    *rows = bulk.state.written;
    rows_close(bulk.rows);
    return result;
}
