/*
 * calls.c: the call log, and the sums that are kept of it.
 *
 * Lists are read in pages, each a statement of its own, and what is found is handed out
 * between them: so whoever reads a list slowly, in a pager perhaps, holds up no checkpoint
 * and, where there is no WAL, no writer.  Calls do not change once they are written, and
 * new ones come in front of the page, so the pages make one list.
 */
#include "store/calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/sql.h"

enum {
    PAGE_ROWS = SQL_CALL_BLOCK_ROWS
};

/* Behind every key, whose characters are 0-9 A-Z a-z. */
static const char key_last[] = "\x7f";

enum call_column {
    CALL_SEQ,
    CALL_REQUEST_ID,
    CALL_STARTED_US,
    CALL_DURATION_US,
    CALL_KEY,
    CALL_USER,
    CALL_MODEL,
    CALL_VERSION,
    CALL_ROUTE,
    CALL_ROWS,
    CALL_CHARGED,
    CALL_STATUS,
    CALL_ADDRESS,
    CALL_OVER
};

enum usage_column {
    USAGE_KEY,
    USAGE_DAY,
    USAGE_MODEL,
    USAGE_CALLS,
    USAGE_ROWS,
    USAGE_CHARGED,
    USAGE_FAILED,
    USAGE_OVER,
    USAGE_DURATION_US,
    USAGE_LAST_US
};

int64_t call_day(int64_t wall_us)
{
    return wall_us / CALL_DAY_US - (wall_us % CALL_DAY_US < 0);
}

enum result call_row_insert(struct db *db, const struct call_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_CALL_INSERT, row->seq, row->request_id, row->started_us,
                   row->duration_us, row->key, row->user, row->model, row->version, row->route,
                   row->rows, row->charged, row->status, row->address, row->over);
}

enum result call_drained_get(struct db *db, int64_t *seq, struct reason *why)
{
    return sql_number(db, SQL_DRAINED_GET, sql_start(db, why, SQL_DRAINED_GET), seq, why);
}

enum result call_drained_set(struct db *db, int64_t seq, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_DRAINED_SET, seq);

    if (result == RESULT_OK && sql_changes(db) == 0)
        return reason_set(why, RESULT_INVALID,
                          "the number of the last call in the database can only be raised");
    return result;
}

enum result call_drained_rewrite(struct db *db, int64_t seq, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_DRAINED_TOUCH);

    return result == RESULT_OK ? call_drained_set(db, seq, why) : result;
}

#define CALL_AT(member) offsetof(struct call_row, member)

const struct field call_row_fields[] = {
    {"request_id", FIELD_TEXT, 0, CALL_AT(request_id)},
    {"started_at", FIELD_TIME, 0, CALL_AT(started_us)},
    {"duration_us", FIELD_NUMBER, 0, CALL_AT(duration_us)},
    {"key", FIELD_TEXT, 0, CALL_AT(key)},
    {"user", FIELD_TEXT, 0, CALL_AT(user)},
    {"model", FIELD_TEXT, 0, CALL_AT(model)},
    {"version", FIELD_SERIAL, 0, CALL_AT(version)},
    {"route", FIELD_TEXT, 0, CALL_AT(route)},
    {"rows", FIELD_NUMBER, 0, CALL_AT(rows)},
    {"charged", FIELD_NUMBER, 0, CALL_AT(charged)},
    {"status", FIELD_NUMBER, 0, CALL_AT(status)},
    {"address", FIELD_TEXT, 0, CALL_AT(address)},
    {"over", FIELD_TEXT, 0, CALL_AT(over)},
    {0},
};

void usage_row_sum(struct usage_row *sum, const struct usage_row *row)
{
    sum->calls += row->calls;
    sum->rows += row->rows;
    sum->charged += row->charged;
    sum->failed += row->failed;
    sum->duration_us += row->duration_us;
}

enum result usage_row_add(struct db *db, const struct usage_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_USAGE_ADD, row->key, row->day, row->model, row->calls,
                   row->rows, row->charged, row->failed, row->over, row->duration_us,
                   row->last_us);
}

enum result tally_row_get(struct db *db, struct tally_row *row, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_TALLY_GET, row->model, row->version);

    row->calls = row->failed = row->rows = row->duration_us = row->failed_us = row->last_us = 0;
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_TALLY_GET);
    if (result == RESULT_OK) {
        row->calls = sql_int(db, SQL_TALLY_GET, 0);
        row->failed = sql_int(db, SQL_TALLY_GET, 1);
        row->rows = sql_int(db, SQL_TALLY_GET, 2);
        row->duration_us = sql_int(db, SQL_TALLY_GET, 3);
        row->failed_us = sql_int(db, SQL_TALLY_GET, 4);
        row->last_us = sql_int(db, SQL_TALLY_GET, 5);
    }
    sql_end(db, SQL_TALLY_GET);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result usage_charged(struct db *db, const char *account, int64_t first_day,
                          int64_t last_day, int64_t *charged, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_USAGE_CHARGED, account, first_day, last_day);

    return sql_number(db, SQL_USAGE_CHARGED, result, charged, why);
}

enum result call_day_note(struct db *db, int64_t day, int64_t seq, struct reason *why)
{
    return sql_run(db, why, SQL_CALL_DAY_NOTE, day, seq);
}

/*
 * Where the clock was set back, a later day has calls with lower numbers than an earlier one:
 * so it is the lowest of all days from that one on.
 */
enum result call_seq_since(struct db *db, int64_t since_us, int64_t *seq, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_CALL_DAY_SEQ, call_day(since_us));

    return sql_number(db, SQL_CALL_DAY_SEQ, result, seq, why);
}

/*
 * The numbers from first to last are gone through by blocks, from the highest on, and what
 * there is none of is left out, be it never so wide.  Makes *at the lowest number, not
 * below first, of the block that has the highest call; RESULT_MISSING if there is none.
 */
static enum result block_find(struct db *db, int64_t first, int64_t last, int64_t *at,
                              struct reason *why)
{
    enum result result = sql_start(db, why, SQL_CALL_HIGHEST, first, last);

    *at = first;
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_CALL_HIGHEST);
    if (result == RESULT_OK)
        *at = sql_int(db, SQL_CALL_HIGHEST, 0) & ~(int64_t)(SQL_CALL_BLOCK_ROWS - 1);
    if (*at < first)
        *at = first;
    sql_end(db, SQL_CALL_HIGHEST);
    return result;
}

/* The block of a number, as the index has it: rounded down. */
static int64_t block_of(int64_t seq)
{
    return seq / SQL_CALL_BLOCK_ROWS - (seq % SQL_CALL_BLOCK_ROWS < 0);
}

static enum result block_starts(struct db *db, enum sql sql, const char *account,
                                int64_t after_us, int64_t first, int64_t last, int64_t *starts,
                                size_t count, size_t *got, struct reason *why)
{
    enum result result;

    result = sql_start(db, why, sql, block_of(first), account, after_us, first, last,
                       (int64_t)count);
    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK)
        starts[(*got)++] = sql_int(db, sql, 0);
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

/* How the calls of an account are found: there may be many blocks, and most have one key. */
static enum result starts_choose(struct db *db, const char *account, enum sql *sql,
                                 struct reason *why)
{
    enum result result = sql_start(db, why, SQL_KEY_ANY_OF_USER, account);
    int64_t any;

    result = sql_number(db, SQL_KEY_ANY_OF_USER, result, &any, why);
    *sql = any != 0 ? SQL_CALL_STARTS_OF_USER : SQL_CALL_STARTS;
    return result;
}

enum result call_starts(struct db *db, const char *account, int64_t after_us, int64_t up_to,
                        int64_t *starts, size_t count, size_t *got, struct reason *why)
{
    enum result result;
    int64_t first, at;
    enum sql sql;

    *got = 0;
    first = INT64_MAX;
    result = starts_choose(db, account, &sql, why);
    if (result == RESULT_OK)
        result = call_seq_since(db, after_us, &first, why);
    while (result == RESULT_OK && *got < count && up_to >= first) {
        result = block_find(db, first, up_to, &at, why);
        if (result == RESULT_OK)
            result = block_starts(db, sql, account, after_us, at, up_to, starts, count - *got,
                                  got, why);
        if (at == first)
            break;
        up_to = at - 1;
    }
    return result == RESULT_MISSING ? RESULT_OK : result;
}

static enum result call_read(struct db *db, enum sql sql, struct call_row *row,
                             struct reason *why)
{
    const struct sql_text_to texts[] = {
        {CALL_REQUEST_ID, row->request_id, sizeof(row->request_id)},
        {CALL_KEY, row->key, sizeof(row->key)},
        {CALL_USER, row->user, sizeof(row->user)},
        {CALL_MODEL, row->model, sizeof(row->model)},
        {CALL_ROUTE, row->route, sizeof(row->route)},
        {CALL_ADDRESS, row->address, sizeof(row->address)},
        {CALL_OVER, row->over, sizeof(row->over)},
    };

    memset(row->account, 0, sizeof(row->account)); /* the ledger's alone */
    row->seq = sql_int(db, sql, CALL_SEQ);
    row->started_us = sql_int(db, sql, CALL_STARTED_US);
    row->duration_us = sql_int(db, sql, CALL_DURATION_US);
    row->version = sql_int(db, sql, CALL_VERSION);
    row->rows = sql_int(db, sql, CALL_ROWS);
    row->charged = sql_int(db, sql, CALL_CHARGED);
    row->status = sql_int(db, sql, CALL_STATUS);
    if (sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: call %lld is damaged",
                          (long long)row->seq);
    return RESULT_OK;
}

static int64_t or_else(int64_t value, int64_t open)
{
    return value != 0 ? value : open;
}

/* A list while it is made: what is left to be read, and a page. */
struct listing {
    const struct call_filter *filter;
    int64_t first, last, left;
    struct call_row *rows;
    size_t got;
};

/* By what the calls are found: those of a key or a user block by block, with an index. */
static enum sql list_sql(const struct call_filter *filter)
{
    if (filter->key != NULL)
        return SQL_CALL_LIST_OF_KEY;
    return filter->user != NULL ? SQL_CALL_LIST_OF_USER : SQL_CALL_LIST;
}

/*
 * Reads a page of the calls that fit and are numbered from first on, newest first; of one
 * key or user, first and the last that is left are in one block.
 */
static enum result page_read(struct db *db, struct listing *list, int64_t first,
                             struct reason *why)
{
    const struct call_filter *filter = list->filter;
    enum sql sql = list_sql(filter);
    int64_t want = list->left < PAGE_ROWS ? list->left : PAGE_ROWS;
    enum result result;

    list->got = 0;
    result =
        sql_start(db, why, sql, first, list->last, or_else(filter->since_us, INT64_MIN),
                  or_else(filter->until_us, INT64_MAX), or_else(filter->status_min, INT64_MIN),
                  or_else(filter->status_max, INT64_MAX), filter->user, filter->model,
                  filter->request_id, want, block_of(first), filter->key);
    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK) {
        result = call_read(db, sql, &list->rows[list->got], why);
        list->got += result == RESULT_OK;
    }
    sql_end(db, sql);
    list->left -= (int64_t)list->got;
    return result == RESULT_MISSING ? RESULT_OK : result;
}

/* Reads the next page, which may be empty; RESULT_MISSING when nothing is left. */
static enum result page_next(struct db *db, struct listing *list, struct reason *why)
{
    bool whole = list_sql(list->filter) == SQL_CALL_LIST; /* and not by blocks */
    int64_t at = list->first;
    enum result result = RESULT_OK;

    if (list->left == 0 || list->last < list->first)
        return RESULT_MISSING;
    if (!whole)
        result = block_find(db, list->first, list->last, &at, why);
    if (result == RESULT_OK)
        result = page_read(db, list, at, why);
    if (result != RESULT_OK)
        return result;
    if (whole && list->got == PAGE_ROWS)
        at = list->rows[list->got - 1].seq; /* there may be more below it */
    if (at == list->first)
        list->left = 0;
    else
        list->last = at - 1;
    return RESULT_OK;
}

enum result call_row_list(struct db *db, const struct call_filter *filter,
                          bool (*each)(void *arg, const struct call_row *row), void *arg,
                          struct reason *why)
{
    struct listing list = {.filter = filter, .first = INT64_MIN};
    enum result result = RESULT_OK;
    bool more = true;

    list.left = or_else(filter->limit, INT64_MAX);
    list.last = filter->before_seq != 0 ? filter->before_seq - 1 : INT64_MAX;
    list.rows = malloc(PAGE_ROWS * sizeof(*list.rows));
    if (list.rows == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    if (filter->since_us != 0)
        result = call_seq_since(db, filter->since_us, &list.first, why);
    if (filter->from_seq != 0 && list.first < filter->from_seq)
        list.first = filter->from_seq;
    while (result == RESULT_OK && more) {
        result = page_next(db, &list, why);
        for (size_t i = 0; result == RESULT_OK && i < list.got && more; i++)
            more = each(arg, &list.rows[i]);
    }
    free(list.rows);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result call_seqs(struct db *db, int64_t *lowest, int64_t *highest, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_CALL_SEQS);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_CALL_SEQS);
    *lowest = result == RESULT_OK ? sql_int(db, SQL_CALL_SEQS, 0) : 0;
    *highest = result == RESULT_OK ? sql_int(db, SQL_CALL_SEQS, 1) : 0;
    sql_end(db, SQL_CALL_SEQS);
    return result;
}

static enum result usage_read(struct db *db, enum sql sql, struct usage_row *row,
                              struct reason *why)
{
    if (sql_text(db, sql, USAGE_KEY, row->key, sizeof(row->key)) != RESULT_OK ||
        sql_text(db, sql, USAGE_MODEL, row->model, sizeof(row->model)) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: a sum of calls is damaged");
    row->day = sql_int(db, sql, USAGE_DAY);
    row->calls = sql_int(db, sql, USAGE_CALLS);
    row->rows = sql_int(db, sql, USAGE_ROWS);
    row->charged = sql_int(db, sql, USAGE_CHARGED);
    row->failed = sql_int(db, sql, USAGE_FAILED);
    row->over = sql_int(db, sql, USAGE_OVER);
    row->duration_us = sql_int(db, sql, USAGE_DURATION_US);
    row->last_us = sql_int(db, sql, USAGE_LAST_US);
    return RESULT_OK;
}

/* At most a page of the sums that fit and come after this one. */
static enum result usage_page(struct db *db, const struct call_filter *filter,
                              const struct usage_row *after, struct usage_row *rows,
                              size_t *got, struct reason *why)
{
    enum sql sql = filter->user != NULL ? SQL_USAGE_LIST_OF_USER : SQL_USAGE_LIST;
    const char *last_key = filter->key != NULL ? filter->key : key_last;
    int64_t first = filter->since_us != 0 ? call_day(filter->since_us) : INT64_MIN;
    int64_t last = filter->until_us != 0 ? call_day(filter->until_us - 1) : INT64_MAX;
    enum result result;

    *got = 0;
    result = sql_start(db, why, sql, after->key, after->day, after->model, last_key, first,
                       last, filter->model, (int64_t)PAGE_ROWS, filter->user);
    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK) {
        result = usage_read(db, sql, &rows[*got], why);
        *got += result == RESULT_OK;
    }
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result usage_row_list(struct db *db, const struct call_filter *filter,
                           void (*each)(void *arg, const struct usage_row *row), void *arg,
                           struct reason *why)
{
    struct usage_row after = {.day = INT64_MIN};
    enum result result = RESULT_OK;
    struct usage_row *rows;
    size_t got = PAGE_ROWS;

    if (filter->key != NULL && !text_copy(after.key, sizeof(after.key), filter->key))
        return RESULT_OK; /* longer than any key */
    rows = malloc(PAGE_ROWS * sizeof(*rows));
    if (rows == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    while (result == RESULT_OK && got == PAGE_ROWS) {
        result = usage_page(db, filter, &after, rows, &got, why);
        for (size_t i = 0; i < got; i++)
            each(arg, &rows[i]);
        if (got > 0)
            after = rows[got - 1];
    }
    free(rows);
    return result;
}

/* Old calls stand together at the low end: nothing is read behind the first that is not. */
enum result call_rows_expire(struct db *db, int64_t before_us, int64_t most, int64_t *deleted,
                             struct reason *why)
{
    enum result result;
    int64_t last = 0;
    bool any = false;

    *deleted = 0;
    result = sql_start(db, why, SQL_CALL_OLDEST, most);
    while (result == RESULT_OK && (result = sql_next(db, why, SQL_CALL_OLDEST)) == RESULT_OK) {
        if (sql_int(db, SQL_CALL_OLDEST, 1) >= before_us)
            break;
        last = sql_int(db, SQL_CALL_OLDEST, 0);
        any = true;
    }
    sql_end(db, SQL_CALL_OLDEST);
    if (result == RESULT_MISSING)
        result = RESULT_OK;
    if (result == RESULT_OK && any)
        result = sql_run(db, why, SQL_CALL_EXPIRE, last);
    if (result == RESULT_OK && any)
        *deleted = sql_changes(db);
    return result;
}
