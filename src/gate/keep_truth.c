/*
 * keep_truth.c: what somebody tells of a kept request later.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gate/keep.h"
#include "gate/keep_inner.h"
#include "gate/keep_lot.h"
#include "gate/keep_part.h"

enum {
    WORKER_BRINGS = 16 << 20 /* bytes of files, for one request; who comes again goes on */
};

/* A part whose truth is to be told. */
struct told {
    struct kept_row row;
    double *truth; /* rows times targets */
    int64_t known;
};

struct telling {
    struct keep_box *box;
    struct told *parts;
    size_t count;
    struct buf buf;
    enum result result;
};

static void telling_free(struct telling *telling)
{
    for (size_t i = 0; i < telling->count; i++)
        free(telling->parts[i].truth);
    free(telling->parts);
    buf_free(&telling->buf);
    keep_box_free(telling->box);
}

/* What is known of a part so far; of a truth that does not open nothing is. */
static enum result truth_read(struct telling *telling, const struct kept_part *part,
                              struct told *told)
{
    size_t len = keep_truth_len(&part->row);
    enum result result = RESULT_MALFORMED;

    told->row = part->row;
    told->truth = malloc(len);
    if (told->truth == NULL)
        return RESULT_NOMEM;
    if (part->truth != NULL)
        result = keep_part_open(telling->box, KEEP_FOR_TRUTH, &part->row, part->truth,
                                part->truth_len, len, &telling->buf);
    if (result == RESULT_OK)
        memcpy(told->truth, telling->buf.data, len);
    for (size_t i = 0; result != RESULT_OK && i < len / sizeof(double); i++)
        told->truth[i] = NAN;
    return result == RESULT_NOMEM ? result : RESULT_OK;
}

static bool part_take(void *arg, const struct kept_part *part)
{
    struct telling *telling = arg;
    struct told *more;

    if (part->row.rows < 1 || part->row.rows > KEEP_ENTRY_MAX ||
        part->row.n_targets > KEEP_ENTRY_MAX)
        return true;
    more = reallocarray(telling->parts, telling->count + 1, sizeof(*more));
    if (more == NULL) {
        telling->result = RESULT_NOMEM;
        return false;
    }
    telling->parts = more;
    memset(&more[telling->count], 0, sizeof(*more));
    telling->result = truth_read(telling, part, &more[telling->count++]);
    return telling->result == RESULT_OK;
}

/* Puts what was told over what was known, and counts. */
static void truth_put(struct told *told, int64_t first, const double *truth, int64_t n)
{
    size_t width = told->row.n_targets;
    bool known;

    told->known = 0;
    for (int64_t i = 0; i < told->row.rows; i++) {
        double *at = told->truth + (size_t)i * width;
        int64_t row = told->row.first + i - first;

        if (row >= 0 && row < n)
            memcpy(at, truth + (size_t)row * width, width * sizeof(*at));
        known = false;
        for (size_t t = 0; t < width; t++)
            known = known || !isnan(at[t]);
        told->known += known;
    }
}

static enum result parts_write(struct telling *telling, struct db *work, struct reason *why)
{
    struct keep_sealing sealing = {.number = 0};
    enum result result = RESULT_OK;

    for (size_t i = 0; result == RESULT_OK && i < telling->count; i++) {
        const struct told *told = &telling->parts[i];

        if (keep_part_seal(telling->box, &sealing, KEEP_FOR_TRUTH, &told->row, told->truth,
                           keep_truth_len(&told->row), &telling->buf))
            result = kept_truth_set(work, told->row.id, telling->buf.data, telling->buf.len,
                                    told->known, why);
        else
            result = reason_set(why, RESULT_NOMEM, "a truth could not be sealed");
    }
    return result;
}

static bool part_count(void *arg, const struct kept_part *part)
{
    struct keep_found *found = arg;

    found->kept += part->row.rows;
    return true;
}

static enum result find(struct db *work, const struct keep_about *about,
                        struct keep_found *found, struct reason *why)
{
    enum result result = kept_row_find(work, about->account, about->request_id, about->job_uuid,
                                       &found->row, why);

    found->rows = found->row.of_rows;
    found->kept = 0;
    if (result == RESULT_OK)
        result = kept_part_list(work, &found->row, part_count, found, why);
    return result;
}

/*
 * What is not in the database may be in a file: so all is brought in before it is said that
 * something is not kept, and before an older request of the same id is taken for the newest.
 */
enum result keep_find(struct home *home, const struct keep_about *about,
                      struct keep_found *found, struct reason *why)
{
    int64_t left = home->role == DB_WORKER ? WORKER_BRINGS : INT64_MAX;
    enum result result = keep_bring_most(home, &left, why);
    struct db *work;

    if (result == RESULT_OK)
        result = home_work(home, &work, why);
    if (result == RESULT_OK)
        result = find(work, about, found, why);
    if (result == RESULT_MISSING && left <= 0)
        result = reason_set(why, RESULT_BUSY, "what is kept is still being brought in");
    return result;
}

/* In the caller's transaction. */
static enum result tell(struct telling *telling, struct db *work,
                        const struct keep_found *found, int64_t first, const double *truth,
                        int64_t n, int64_t *known, struct reason *why)
{
    enum result result = kept_part_list(work, &found->row, part_take, telling, why);

    if (result == RESULT_OK && telling->result != RESULT_OK)
        result = reason_set(why, telling->result, "no memory for what is kept");
    if (result == RESULT_OK && telling->count == 0) /* deleted in the meantime */
        result = reason_set(why, RESULT_MISSING, "nothing is kept of that request");
    for (size_t i = 0; result == RESULT_OK && i < telling->count; i++) {
        truth_put(&telling->parts[i], first, truth, n);
        *known += telling->parts[i].known;
    }
    return result == RESULT_OK ? parts_write(telling, work, why) : result;
}

enum result keep_truth_set(struct home *home, const struct keep_found *found, int64_t first,
                           const double *truth, int64_t n, int64_t *known, struct reason *why)
{
    struct telling telling = {.result = RESULT_OK};
    struct db *work;
    enum result result = home_work(home, &work, why);
    bool begun;

    *known = 0;
    if (result == RESULT_OK)
        result = keep_box_new(home, &telling.box, why);
    if (result == RESULT_OK)
        result = db_begin(work, why);
    begun = result == RESULT_OK;
    if (result == RESULT_OK)
        result = tell(&telling, work, found, first, truth, n, known, why);
    if (result == RESULT_OK)
        result = db_commit(work, why);
    else if (begun)
        db_rollback(work);
    telling_free(&telling);
    return result;
}
