/*
 * journal.c: how calls get from the ledger's journal into the database.
 */
#include "gate/journal.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "store/calls.h"
#include "store/served.h"

enum {
    SUMS = 32,         /* of key, day and model that are kept until they are written, */
    SERVED = 32,       /* and of model, version, status and duration */
    EXPIRE_STEP = 256, /* old calls that go with one drain */
    POLL_NS = 1000000, /* between looks at another's lock */
    DEAD_NS = 1000000000
};

static const int polls[] = {[JOURNAL_TRY] = 0, [JOURNAL_NOW] = 250, [JOURNAL_WHOLE] = 5000};

/* ---- sums ---- */

struct sums {
    struct usage_row rows[SUMS];
    size_t count;
    int64_t day; /* that was noted last */
    bool noted;
    struct served_row served[SERVED];
    size_t served_count;
};

static enum result sums_write(struct db *db, struct sums *sums, struct reason *why)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; result == RESULT_OK && i < sums->count; i++)
        result = usage_row_add(db, &sums->rows[i], why);
    for (size_t i = 0; result == RESULT_OK && i < sums->served_count; i++)
        result = served_row_add(db, &sums->served[i], why);
    sums->count = sums->served_count = 0;
    return result;
}

/* As sum_of(). */
static struct served_row *served_of(struct sums *sums, const struct call_row *call)
{
    int64_t us = call->duration_us > 0 ? call->duration_us : 0;
    int64_t bucket = (int64_t)histogram_bucket((uint64_t)us * 1000);
    struct served_row *row;

    for (size_t i = sums->served_count; i-- > 0;) {
        row = &sums->served[i];
        if (row->version == call->version && row->status == call->status &&
            row->bucket == bucket && strcmp(row->model, call->model) == 0)
            return row;
    }
    if (sums->served_count == SERVED)
        return NULL;
    row = &sums->served[sums->served_count++];
    memset(row, 0, sizeof(*row));
    row->version = call->version;
    row->status = call->status;
    row->bucket = bucket;
    memcpy(row->model, call->model, sizeof(row->model));
    return row;
}

/* The sum that a call belongs to: the latest is the likeliest.  NULL: there is no room. */
static struct usage_row *sum_of(struct sums *sums, const struct call_row *call, int64_t day)
{
    struct usage_row *row;

    for (size_t i = sums->count; i-- > 0;) {
        row = &sums->rows[i];
        if (row->day == day && strcmp(row->key, call->key) == 0 &&
            strcmp(row->model, call->model) == 0)
            return row;
    }
    if (sums->count == SUMS)
        return NULL;
    row = &sums->rows[sums->count++];
    memset(row, 0, sizeof(*row));
    row->day = day;
    memcpy(row->key, call->key, sizeof(row->key));
    memcpy(row->model, call->model, sizeof(row->model));
    return row;
}

static enum result sums_add(struct db *db, struct sums *sums, const struct call_row *call,
                            struct reason *why)
{
    int64_t day = call_day(call->started_us);
    enum result result = RESULT_OK;
    struct usage_row *row = sum_of(sums, call, day);
    struct served_row *served = served_of(sums, call);

    if (row == NULL || served == NULL) {
        result = sums_write(db, sums, why);
        row = sum_of(sums, call, day);
        served = served_of(sums, call);
    }
    served->calls++;
    served->rows += call->rows;
    served->charged += call->charged;
    served->duration_us += call->duration_us;
    if (call->started_us > served->last_us)
        served->last_us = call->started_us;
    row->calls++;
    row->rows += call->rows;
    row->charged += call->charged;
    row->failed += call->status >= 400;
    row->over += call->over[0] != '\0';
    row->duration_us += call->duration_us;
    if (call->started_us > row->last_us)
        row->last_us = call->started_us;
    if (result == RESULT_OK && (!sums->noted || sums->day != day))
        result = call_day_note(db, day, call->seq, why);
    sums->noted = true;
    sums->day = day;
    return result;
}

static enum result call_take(struct db *db, struct sums *sums, const struct call_row *call,
                             struct reason *why)
{
    enum result result = call_row_insert(db, call, why);

    return result == RESULT_OK ? sums_add(db, sums, call, why) : result;
}

/* ---- draining ---- */

/* More go than come, or under load the log would outgrow its time. */
static enum result retain(struct home *home, int64_t taken, struct reason *why)
{
    int64_t keep = home->config.call_retention, deleted;

    if (keep == 0)
        return RESULT_OK;
    return call_rows_expire(home->db, clock_wall_us() - keep * 1000000, EXPIRE_STEP + 2 * taken,
                            &deleted, why);
}

/*
 * Within the transaction.  The database's own number goes before the ledger's, which is
 * behind it if one died after the commit.
 */
static enum result take_all(struct home *home, const struct ledger *ledger, int64_t known,
                            int64_t last, struct reason *why)
{
    struct sums sums = {.count = 0};
    enum result result;
    int64_t drained;

    result = call_drained_get(home->db, &drained, why);
    if (result == RESULT_OK && (drained < known || drained > last))
        return reason_set(why, RESULT_MALFORMED,
                          "the ledger (%" PRId64 " to %" PRId64 ") and the database (%" PRId64
                          ") do not belong together: one was replaced; end all workers",
                          known, last, drained);
    for (int64_t seq = drained + 1; result == RESULT_OK && seq <= last; seq++)
        result = call_take(home->db, &sums, ledger_call(ledger, seq), why);
    if (result == RESULT_OK)
        result = sums_write(home->db, &sums, why);
    if (result == RESULT_OK)
        result = last > drained ? call_drained_set(home->db, last, why)
                                : call_drained_rewrite(home->db, drained, why);
    return result == RESULT_OK ? retain(home, last - drained, why) : result;
}

static enum result commit_all(struct home *home, const struct ledger *ledger, int64_t drained,
                              int64_t last, struct reason *why)
{
    enum result result = db_begin(home->db, why);

    if (result != RESULT_OK)
        return result;
    result = take_all(home, ledger, drained, last, why);
    if (result == RESULT_OK)
        return db_commit(home->db, why);
    db_rollback(home->db);
    return result;
}

static enum result drain_locked(struct home *home, struct ledger *ledger,
                                enum journal_mode mode, struct reason *why)
{
    int64_t drained = 0, last = 0;
    enum result result;

    result = ledger_bury(ledger, mode == JOURNAL_WHOLE ? 0 : DEAD_NS, why);
    if (result == RESULT_OK)
        result = ledger_pending(ledger, &drained, &last, why);
    if (result == RESULT_OK && mode == JOURNAL_WHOLE && last == drained)
        return RESULT_OK; /* who only reads the log asks for no lock in vain */
    if (result == RESULT_OK)
        result = commit_all(home, ledger, drained, last, why);
    if (result == RESULT_READONLY && home_reopen_database(home, why) == RESULT_OK)
        result = commit_all(home, ledger, drained, last,
                            why); /* it may have been for a while only */
    if (result == RESULT_OK)
        return ledger_drained(ledger, last, why);
    ledger_drained(ledger, LEDGER_DRAIN_REFUSED, NULL);
    return result;
}

static enum result lock_wait(struct ledger *ledger, enum journal_mode mode, struct reason *why)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    enum result result = ledger_drain_lock(ledger, why);

    for (int i = 0; result == RESULT_BUSY && i < polls[mode]; i++) {
        nanosleep(&pause, NULL);
        result = ledger_drain_lock(ledger, why);
    }
    return result;
}

/* The database is asked, since one who died after its commit has not told the ledger. */
enum result journal_take_back(struct home *home, struct ledger *ledger, int64_t seq,
                              int64_t status, struct reason *why)
{
    enum result result = lock_wait(ledger, JOURNAL_WHOLE, why);
    int64_t drained;

    if (result != RESULT_OK)
        return result;
    result = call_drained_get(home->db, &drained, why);
    if (result == RESULT_OK && seq <= drained)
        result = reason_set(why, RESULT_MISSING, "the call is in the database already");
    else /* also if it cannot say: of a call that it has, nobody reads the journal's */
        result = ledger_amend(ledger, seq, status, why);
    ledger_drain_unlock(ledger);
    return result;
}

enum result journal_drain(struct home *home, struct ledger *ledger, enum journal_mode mode,
                          struct reason *why)
{
    enum result result = lock_wait(ledger, mode, why);

    if (result != RESULT_OK)
        return result;
    result = drain_locked(home, ledger, mode, why);
    ledger_drain_unlock(ledger);
    return result;
}

/* ---- opening ---- */

static enum result on_drained(void *arg, int64_t *seq, struct reason *why)
{
    const struct home *home = arg;

    return call_drained_get(home->db, seq, why);
}

static enum result rescue(struct home *home, const struct call_row *calls, size_t count,
                          struct reason *why)
{
    struct sums sums = {.count = 0};
    enum result result = RESULT_OK;

    for (size_t i = 0; result == RESULT_OK && i < count; i++)
        result = call_take(home->db, &sums, &calls[i], why);
    if (result == RESULT_OK)
        result = sums_write(home->db, &sums, why);
    return result == RESULT_OK ? call_drained_set(home->db, calls[count - 1].seq, why) : result;
}

static enum result on_rescue(void *arg, const struct call_row *calls, size_t count,
                             struct reason *why)
{
    struct home *home = arg;
    enum result result = db_begin(home->db, why);

    if (result != RESULT_OK)
        return result;
    result = rescue(home, calls, count, why);
    if (result == RESULT_OK)
        return db_commit(home->db, why);
    db_rollback(home->db);
    return result;
}

enum result journal_open(struct home *home, struct ledger **out, struct reason *why)
{
    struct ledger_size size = ledger_size_for(home->config.ledger_size);
    struct ledger_database database = {on_drained, on_rescue, home};

    return ledger_open(HOME_LEDGER, &size, &database, out, why);
}

enum result journal_bring_in(struct home *home, struct reason *why)
{
    struct ledger *ledger = NULL;
    enum result result = journal_open(home, &ledger, why);

    if (result == RESULT_OK)
        result = journal_drain(home, ledger, JOURNAL_WHOLE, why);
    ledger_close(ledger);
    return result;
}
