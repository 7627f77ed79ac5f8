/*
 * replay.c: answers that may be asked for again.
 *
 * A row is looked at without the write lock first, since most of those who ask again find
 * their answer there; whoever finds none looks once more under it.  What is in flight stands
 * in the seat before the row that says so is committed, and no longer than until its answer
 * is: so nobody finds a row of a living process that is not at it.
 */
#include "gate/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/queue_inner.h"
#include "gate/seats.h"

enum {
    DIGESTED_MAX = 1 + KEY_ID_LEN + 1 + REPLAY_KEY_MAX,
    EXPIRE_AT_ONCE = 64,
    SECOND_US = 1000000
};

struct replay {
    struct home *home;
    struct secret_mac *mac;
    bool in_flight;
    int64_t id, claim; /* of the row that is */
};

enum result replay_new(struct home *home, struct replay **out, struct reason *why)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    enum result result;

    *out = NULL;
    if (replay == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    replay->home = home;
    result = home_mac_derive(home, "idempotency", &replay->mac, why);
    if (result == RESULT_OK)
        *out = replay;
    else
        free(replay);
    return result;
}

void replay_free(struct replay *replay)
{
    if (replay == NULL)
        return;
    replay_let_go(replay);
    secret_mac_free(replay->mac);
    free(replay);
}

/* ---- the header ---- */

static bool is_printable(char c)
{
    return c >= 0x20 && c < 0x7f;
}

/* The characters of a String behind its first quote; the rest, behind the last one. */
static const char *string_read(const char *text, char *out, size_t *len)
{
    for (*len = 0; *text != '"'; text++) {
        if (*text == '\\' && *++text != '"' && *text != '\\')
            return NULL;
        if (!is_printable(*text) || *len == REPLAY_KEY_MAX)
            return NULL;
        out[(*len)++] = *text;
    }
    return text + 1;
}

static const char *bare_read(const char *text, char *out, size_t *len)
{
    for (*len = 0; is_printable(*text) && strchr(" \",\\", *text) == NULL; text++) {
        if (*len == REPLAY_KEY_MAX)
            return NULL;
        out[(*len)++] = *text;
    }
    return text;
}

bool replay_key_read(const char *text, char out[REPLAY_KEY_MAX + 1])
{
    size_t len;

    text += strspn(text, " \t");
    text = *text == '"' ? string_read(text + 1, out, &len) : bare_read(text, out, &len);
    if (text == NULL || len == 0)
        return false;
    out[len] = '\0';
    return text[strspn(text, " \t")] == '\0';
}

/* ---- digests ---- */

/* Of the key: the account first, with a NUL behind it that is in neither. */
static enum result digest_key(struct replay *replay, const char *account, const char *key,
                              uint8_t out[REPLAY_DIGEST_BYTES], struct reason *why)
{
    char text[DIGESTED_MAX + 1];
    int len = snprintf(text, sizeof(text), "k%s%c%s", account, '\0', key);

    if (len < 0 || (size_t)len >= sizeof(text) ||
        secret_mac_digest(replay->mac, text, (size_t)len, out) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "no digest of an idempotency key could be made");
    return RESULT_OK;
}

/* Of the request: its bytes are few enough to be guessed by who has their digest alone. */
static enum result digest_request(struct replay *replay, const struct replay_request *request,
                                  struct replay_row *row, struct reason *why)
{
    uint8_t bytes[1 + REPLAY_DIGEST_BYTES] = {'r'};
    enum result result;

    result = digest_key(replay, request->account, request->key, row->digest, why);
    if (result != RESULT_OK)
        return result;
    memcpy(bytes + 1, request->asked, REPLAY_DIGEST_BYTES);
    if (secret_mac_digest(replay->mac, bytes, sizeof(bytes), row->fingerprint) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "no digest of a request could be made");
    return RESULT_OK;
}

/* ---- what a row is ---- */

static int64_t kept_since_us(const struct home *home)
{
    return clock_wall_us() - home->config.idempotency_retention * SECOND_US;
}

/* Whether the process that claimed a row is at it still. */
static bool is_in_flight(struct home *home, const struct replay_row *row)
{
    struct seat_view view;
    struct seats *seats;
    struct reason why;

    if (row->claim == 0)
        return false;
    if (home_seats(home, &seats, &why) != RESULT_OK)
        return true; /* nobody is taken for dead on a guess */
    return seats_find(seats, row->claim, &view) && view.lives && view.holds == row->id;
}

static enum replay_found judge(struct home *home, const struct replay_row *row,
                               const uint8_t fingerprint[REPLAY_DIGEST_BYTES])
{
    bool in_flight = is_in_flight(home, row);
    bool kept = row->claim == 0 && row->at_us >= kept_since_us(home);

    if (!in_flight && !kept)
        return REPLAY_NEW;
    if (!secret_equal(row->fingerprint, fingerprint, REPLAY_DIGEST_BYTES))
        return REPLAY_OTHER;
    return kept ? REPLAY_KEPT : REPLAY_IN_FLIGHT;
}

static void file_name(const struct replay_row *row, char out[QUEUE_NAME_MAX])
{
    snprintf(out, QUEUE_NAME_MAX, HOME_JOBS "/%lld.kept", (long long)row->id);
}

/* Removes the file of a row that has one, or may have since nobody ended it. */
static void file_remove(const struct replay_row *row)
{
    char name[QUEUE_NAME_MAX];

    if (row->claim == 0 && !row->in_file)
        return;
    file_name(row, name);
    unlink(name);
}

static enum result file_open(const struct replay_row *row, int *fd, struct reason *why)
{
    char name[QUEUE_NAME_MAX];

    file_name(row, name);
    *fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return *fd < 0 ? reason_errno(why, "%s", name) : RESULT_OK;
}

/* ---- begin ---- */

/* The seat that says that this process lives. */
static enum result sit(struct replay *replay, struct seats **seats, struct reason *why)
{
    enum result result = home_seats(replay->home, seats, why);

    if (result != RESULT_OK || (seats_token(*seats) != 0 && !seats_is_lost(*seats)))
        return result;
    return seats_take(*seats, SEAT_WORKER, why);
}

/* Whether the account may have one answer more; row->at_us is when, if not. */
static enum result check_limit(const struct home *home, struct db *db, struct replay_row *row,
                               struct reason *why)
{
    int64_t bytes;
    enum result result = replay_row_total(db, row->account, &bytes, why);

    if (result != RESULT_OK || bytes < home->config.idempotency_bytes_limit)
        return result;
    result = replay_row_oldest(db, row->account, &row->at_us, why);
    row->at_us += home->config.idempotency_retention * SECOND_US;
    if (result == RESULT_OK)
        result = reason_set(why, RESULT_DENIED, "an account's kept answers take %lld bytes",
                            (long long)bytes);
    return result;
}

/* Takes the row, of the database or a new one, for this process. */
static enum result claim(struct replay *replay, struct db *db, struct seats *seats,
                         const struct replay_row *was, struct replay_row *row,
                         struct reason *why)
{
    enum result result = check_limit(replay->home, db, row, why);

    if (result != RESULT_OK)
        return result;
    row->id = was->id;
    row->claim = seats_token(seats);
    row->at_us = clock_wall_us();
    result = row->id != 0 ? replay_row_claim(db, row, why) : replay_row_insert(db, row, why);
    if (result != RESULT_OK)
        return result;
    if (was->id != 0)
        file_remove(was);
    replay->in_flight = true;
    replay->id = row->id;
    replay->claim = row->claim;
    seats_hold(seats, row->id);
    return RESULT_OK;
}

/*
 * Looks, under the lock or not: a row that is not there is one that is new, with no id.  The
 * body is read with the row, or the row could be another's by then.
 */
static enum result look(struct replay *replay, struct db *db, const struct replay_row *asked,
                        struct replay_row *was, struct buf *body, enum replay_found *found,
                        struct reason *why)
{
    enum result result = replay_row_find(db, asked->account, asked->digest, was, body, why);

    *found = REPLAY_NEW;
    if (result == RESULT_OK)
        *found = judge(replay->home, was, asked->fingerprint);
    if (*found != REPLAY_KEPT)
        buf_clear(body, SIZE_MAX);
    if (result != RESULT_MISSING)
        return result;
    was->id = 0;
    return RESULT_OK;
}

static enum result take(struct replay *replay, struct db *db, struct replay_row *row,
                        struct buf *body, enum replay_found *found, struct reason *why)
{
    struct replay_row was;
    struct seats *seats;
    enum result result = sit(replay, &seats, why);

    if (result == RESULT_OK)
        result = db_begin(db, why);
    if (result != RESULT_OK)
        return result;
    result = look(replay, db, row, &was, body, found, why);
    if (result == RESULT_OK && *found == REPLAY_NEW)
        result = claim(replay, db, seats, &was, row, why);
    else if (result == RESULT_OK)
        *row = was;
    if (result == RESULT_OK)
        result = db_commit(db, why);
    else
        db_rollback(db);
    if (result != RESULT_OK)
        replay_let_go(replay);
    return result;
}

enum result replay_begin(struct replay *replay, const struct replay_request *request,
                         struct replay_row *row, struct buf *body, int *fd,
                         enum replay_found *found, struct reason *why)
{
    struct replay_row was;
    struct db *db;
    enum result result = home_work(replay->home, &db, why);

    *fd = -1;
    memset(row, 0, sizeof(*row));
    text_copy(row->account, sizeof(row->account), request->account);
    if (result == RESULT_OK)
        result = digest_request(replay, request, row, why);
    if (result == RESULT_OK)
        result = look(replay, db, row, &was, body, found, why);
    if (result != RESULT_OK)
        return result;
    if (*found == REPLAY_NEW)
        result = take(replay, db, row, body, found, why);
    else
        *row = was;
    if (result == RESULT_OK && *found == REPLAY_KEPT && row->in_file)
        result = file_open(row, fd, why);
    return result;
}

/* ---- end ---- */

/* The file is named last, and under the lock: see queue_file_name(). */
static enum result keep(struct replay *replay, struct db *db, const struct replay_row *row,
                        const void *body, size_t len, int fd, struct reason *why)
{
    char name[QUEUE_NAME_MAX];
    enum result result = db_begin(db, why);

    if (result != RESULT_OK)
        return result;
    file_name(row, name);
    result = replay_row_end(db, row, body, len, why);
    if (result == RESULT_OK && fd >= 0)
        result = queue_file_name(replay->home, fd, name, why);
    if (result == RESULT_OK)
        result = db_commit(db, why);
    else
        db_rollback(db);
    return result;
}

enum result replay_end(struct replay *replay, struct replay_row *row, const void *body,
                       size_t len, int fd, struct reason *why)
{
    struct db *db;
    enum result result;

    if (!replay->in_flight)
        return reason_set(why, RESULT_FAILED, "there is no key in flight to be kept");
    result = home_work(replay->home, &db, why);
    if (result == RESULT_OK && fd >= 0)
        result = queue_file_settle(replay->home, fd, why);
    if (result != RESULT_OK)
        return result;
    row->id = replay->id;
    row->claim = replay->claim;
    row->in_file = fd >= 0;
    row->bytes = (int64_t)len;
    result = keep(replay, db, row, fd >= 0 ? NULL : body, fd >= 0 ? (size_t)0 : len, fd, why);
    if (result == RESULT_OK)
        replay_let_go(replay);
    return result;
}

enum result replay_end_within(struct replay *replay, struct replay_row *row, const void *body,
                              size_t len, struct reason *why)
{
    struct db *db;
    enum result result = home_work(replay->home, &db, why);

    if (result != RESULT_OK)
        return result;
    if (!replay->in_flight)
        return reason_set(why, RESULT_FAILED, "there is no key in flight to be kept");
    row->id = replay->id;
    row->claim = replay->claim;
    row->in_file = false;
    row->bytes = (int64_t)len;
    return replay_row_end(db, row, body, len, why);
}

void replay_let_go(struct replay *replay)
{
    if (replay->in_flight)
        seats_hold(replay->home->seats, 0);
    replay->in_flight = false;
}

enum result replay_is_kept(struct replay *replay, const char *account, const char *key,
                           bool *kept, struct reason *why)
{
    uint8_t digest[REPLAY_DIGEST_BYTES];
    struct replay_row row;
    struct db *db;
    enum result result = home_work(replay->home, &db, why);

    *kept = false;
    if (result == RESULT_OK)
        result = digest_key(replay, account, key, digest, why);
    if (result == RESULT_OK)
        result = replay_row_find(db, account, digest, &row, NULL, why);
    if (result == RESULT_OK)
        *kept = row.claim == 0 && row.at_us >= kept_since_us(replay->home);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

/* ---- what is old ---- */

struct old {
    struct replay_row rows[EXPIRE_AT_ONCE];
    int64_t count, most;
};

static bool old_note(void *arg, const struct replay_row *row)
{
    struct old *old = arg;

    old->rows[old->count++] = *row;
    return old->count < old->most;
}

/* The file goes first: a row without its file is one that has expired all the same. */
static enum result old_delete(struct home *home, struct db *db, struct old *old,
                              struct reason *why)
{
    enum result result = replay_row_old(db, kept_since_us(home), old->most, old_note, old, why);

    for (int64_t i = 0; result == RESULT_OK && i < old->count; i++) {
        if (is_in_flight(home, &old->rows[i]))
            continue;
        file_remove(&old->rows[i]);
        result = replay_row_delete(db, &old->rows[i], why);
    }
    return result;
}

enum result replay_expire(struct home *home, int64_t most, struct reason *why)
{
    struct old *old = calloc(1, sizeof(*old));
    struct db *db;
    enum result result = home_work(home, &db, why);

    if (old == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    old->most = 1;
    if (result == RESULT_OK)
        result = replay_row_old(db, kept_since_us(home), 1, old_note, old, why);
    if (result != RESULT_OK || old->count == 0)
        goto out;
    old->count = 0;
    old->most = most < EXPIRE_AT_ONCE ? most : EXPIRE_AT_ONCE;
    result = db_begin(db, why);
    if (result != RESULT_OK)
        goto out;
    result = old_delete(home, db, old, why);
    if (result == RESULT_OK)
        result = db_commit(db, why);
    else
        db_rollback(db);
out:
    free(old);
    return result;
}

/* The number of the row of a file; 0: it is no answer's. */
static int64_t file_row(const char *name)
{
    static const char end[] = ".kept";
    size_t len = strlen(name);
    int64_t id = 0;

    if (len <= sizeof(end) - 1 || strcmp(name + len - (sizeof(end) - 1), end) != 0 ||
        !num_parse_i64(name, len - (sizeof(end) - 1), &id))
        return 0;
    return id > 0 ? id : 0;
}

bool replay_file_is(const char *name)
{
    return file_row(name) != 0;
}

/* A row is there before its file, and goes after it: so a file without one is nobody's. */
enum result replay_file_sweep(struct home *home, const char *name, struct reason *why)
{
    struct replay_row row = {.id = file_row(name), .in_file = true};
    struct db *db;
    bool there = true;
    enum result result = home_work(home, &db, why);

    if (result == RESULT_OK)
        result = replay_row_is(db, row.id, &there, why);
    if (result == RESULT_OK && !there)
        file_remove(&row);
    return result;
}

enum result replay_forget(struct home *home, const char *account, struct reason *why)
{
    struct db *db;
    enum result result = home_work(home, &db, why);

    return result == RESULT_OK ? replay_row_forget(db, account, why) : result;
}
