/*
 * keep_read.c: what is kept, row by row.
 */
#include <math.h>
#include <stdlib.h>

#include "gate/keep.h"
#include "gate/keep_inner.h"
#include "gate/keep_lot.h"
#include "gate/keep_part.h"

enum {
    WORKER_BRINGS = 16 << 20 /* bytes, before somebody reads; the rest is for those who tend */
};

struct reading {
    struct keep_box *box;
    bool with_truth;
    keep_each *each;
    void *arg;
    struct keep_read read;
    struct buf numbers, truth;
    bool no_memory;
};

/* Opens a part and its truth; RESULT_MALFORMED if one of the two is not as it was sealed. */
static enum result part_open(struct reading *reading, const struct kept_part *part)
{
    const struct kept_row *row = &part->row;
    enum result result;

    if (row->rows < 1 || row->rows > KEEP_ENTRY_MAX || row->n_targets > KEEP_ENTRY_MAX)
        return RESULT_MALFORMED;
    result = keep_part_open(reading->box, KEEP_FOR_ROWS, row, part->sealed, part->sealed_len,
                            keep_numbers_len(row), &reading->numbers);
    if (result == RESULT_OK && part->truth != NULL)
        result = keep_part_open(reading->box, KEEP_FOR_TRUTH, row, part->truth, part->truth_len,
                                keep_truth_len(row), &reading->truth);
    return result;
}

size_t keep_truth_len(const struct kept_row *row)
{
    return (size_t)row->rows * row->n_targets * sizeof(double);
}

/* Whether the truth of some target of a row is known. */
static bool is_known(const struct keep_row *row)
{
    for (uint32_t t = 0; row->truth != NULL && t < row->n_targets; t++)
        if (!isnan(row->truth[t]))
            return true;
    return false;
}

/* Gives the rows of a part that is open; false: no more are wanted. */
static bool rows_give(struct reading *reading, const struct kept_part *part)
{
    const struct kept_row *of = &part->row;
    const void *numbers = reading->numbers.data, *truths = reading->truth.data;
    const double *features = numbers;
    const double *margins = features + (size_t)of->rows * of->n_features;
    const double *answers = margins + (size_t)of->rows * of->n_margins;
    const double *truth = part->truth != NULL ? truths : NULL;
    struct keep_row row = {
        .at_us = of->at_us,
        .model = of->model,
        .version = of->version,
        .account = of->account,
        .request_id = of->request_id,
        .job_uuid = of->job_uuid,
        .n_features = of->n_features,
        .n_margins = of->n_margins,
        .n_answers = of->n_answers,
        .n_targets = of->n_targets,
    };

    for (int64_t i = 0; i < of->rows; i++) {
        row.row = of->first + i;
        row.features = features + i * of->n_features;
        row.margins = margins + i * of->n_margins;
        row.answers = answers + i * of->n_answers;
        row.truth = truth != NULL ? truth + i * of->n_targets : NULL;
        if (reading->with_truth && !is_known(&row))
            continue;
        reading->read.rows++;
        if (!reading->each(reading->arg, &row))
            return false;
    }
    return true;
}

static bool part_read(void *arg, const struct kept_part *part)
{
    struct reading *reading = arg;
    enum result result = part_open(reading, part);

    reading->no_memory = result == RESULT_NOMEM;
    reading->read.damaged += result == RESULT_MALFORMED;
    return result == RESULT_OK ? rows_give(reading, part) : !reading->no_memory;
}

enum result keep_rows(struct home *home, const struct keep_filter *filter, keep_each *each,
                      void *arg, struct keep_read *read, struct reason *why)
{
    const struct kept_filter rows = {
        .model = filter->model,
        .version = filter->version,
        .account = filter->account,
        .since_us = filter->since_us,
        .until_us = filter->until_us,
        .with_truth = filter->with_truth,
    };
    struct reading reading = {.with_truth = filter->with_truth, .each = each, .arg = arg};
    enum result result;
    struct db *work;

    keep_bring(home, home->role == DB_WORKER ? WORKER_BRINGS : 0, NULL);
    result = home_work(home, &work, why);
    if (result == RESULT_OK)
        result = keep_box_new(home, &reading.box, why);
    if (result == RESULT_OK)
        result = kept_row_list(work, &rows, part_read, &reading, why);
    if (result == RESULT_OK && reading.no_memory)
        result = reason_set(why, RESULT_NOMEM, "no memory for what is kept");
    if (read != NULL)
        *read = reading.read;
    keep_box_free(reading.box);
    buf_free(&reading.numbers);
    buf_free(&reading.truth);
    return result;
}
