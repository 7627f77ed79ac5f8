/*
 * throttle.c: how often a login may be tried.
 *
 * An attempt is one write transaction that looks at the counts and adds to them, so of many
 * at once no more are let through than one by one.  Before that it is looked without a lock:
 * who has to wait troubles no writer.
 *
 * A count halves each hour by the clock, failures in between or not: an address that many
 * people share, of whom one mistypes now and then, never comes to wait for long.  Somebody who
 * guesses gains next to nothing by it, since the longest wait alone leaves 96 guesses a day.
 */
#include "gate/throttle.h"

#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

enum {
    SECOND_US = 1000000,
    PREFIX_BYTES = 16,
    IPV6_PREFIX_BYTES = 8, /* one customer has a /64 at least, RFC 6177 */
    MAPPED_BYTES = 12,
    FAILURES_MAX = 1000,
    ROWS_MAX = 100000,
    ROWS_STEP = 100,
    KNOWN_KEPT = 20,
    KNOWN_SECONDS = 90 * 86400,
};

static const int64_t hour_us = INT64_C(3600) * SECOND_US;

/* By then nothing is left of FAILURES_MAX, and no wait is as long. */
static const int64_t forgotten_us = 12 * hour_us;

/* How many attempts are let through without a wait, and the longest that comes then. */
static const struct policy {
    int64_t free, longest_s;
} policies[THROTTLE_SUBJECT__MAX] = {
    [THROTTLE_ACCOUNT_HERE] = {3, 900},
    [THROTTLE_ADDRESS] = {10, 900},
    [THROTTLE_ACCOUNT_ELSEWHERE] = {20, 60},
};

/* Accounts that are made from an address. */
static const struct policy registering = {100, 900};

/* What else than a throttle_subject a digest is of. */
enum {
    SUBJECT_KNOWN = THROTTLE_SUBJECT__MAX,
    SUBJECT_REGISTERING,
};

/* After so many failures: 1, 2, 4 ... seconds once the free ones are used up. */
static int64_t wait_after(const struct policy *policy, int64_t failures)
{
    int64_t over = failures - policy->free, wait_s;

    if (over < 0)
        return 0;
    wait_s = over < 16 ? INT64_C(1) << over : policy->longest_s;
    return wait_s < policy->longest_s ? wait_s : policy->longest_s;
}

/* What is counted as one address. */
static void prefix_of(const struct addr *address, uint8_t out[PREFIX_BYTES])
{
    static const uint8_t mapped[MAPPED_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memcpy(out, address->bytes, PREFIX_BYTES);
    if (memcmp(out, mapped, sizeof(mapped)) != 0)
        memset(out + IPV6_PREFIX_BYTES, 0, PREFIX_BYTES - IPV6_PREFIX_BYTES);
}

/* The digest of a kind of subject, of a name or none, and of an address or none. */
static enum result subject_digest(struct secret_mac *mac, unsigned kind, const char *name,
                                  const struct addr *from, uint8_t out[ATTEMPT_SUBJECT_BYTES])
{
    uint8_t message[1 + SECRET_MAC_BYTES + PREFIX_BYTES] = {(uint8_t)kind};
    uint8_t digest[SECRET_MAC_BYTES];
    enum result result = RESULT_OK;

    if (name != NULL)
        result = secret_mac_digest(mac, name, strlen(name), message + 1);
    if (from != NULL)
        prefix_of(from, message + 1 + SECRET_MAC_BYTES);
    if (result == RESULT_OK)
        result = secret_mac_digest(mac, message, sizeof(message), digest);
    if (result == RESULT_OK)
        memcpy(out, digest, ATTEMPT_SUBJECT_BYTES);
    return result;
}

/* Of whom it is asked: digests, so that neither names nor addresses are kept. */
struct asked {
    uint8_t subjects[THROTTLE_SUBJECT__MAX][ATTEMPT_SUBJECT_BYTES];
    uint8_t address[ATTEMPT_SUBJECT_BYTES]; /* as the addresses that a user knows are kept */
};

static enum result asked_make(const struct home *home, const char *username,
                              const struct addr *from, struct asked *asked, struct reason *why)
{
    struct secret_mac *mac = NULL;
    enum result result = home_mac_derive(home, "forestgate throttle", &mac, why);

    memset(asked, 0, sizeof(*asked));
    if (result != RESULT_OK)
        return result;
    result = subject_digest(mac, THROTTLE_ACCOUNT_HERE, username, from,
                            asked->subjects[THROTTLE_ACCOUNT_HERE]);
    if (result == RESULT_OK)
        result = subject_digest(mac, THROTTLE_ADDRESS, NULL, from,
                                asked->subjects[THROTTLE_ADDRESS]);
    if (result == RESULT_OK)
        result = subject_digest(mac, THROTTLE_ACCOUNT_ELSEWHERE, username, NULL,
                                asked->subjects[THROTTLE_ACCOUNT_ELSEWHERE]);
    if (result == RESULT_OK)
        result = subject_digest(mac, SUBJECT_KNOWN, NULL, from, asked->address);
    secret_mac_free(mac);
    if (result != RESULT_OK)
        reason_set(why, result, "a digest could not be made");
    return result;
}

/* What is left of a count by now.  last_us is the beginning of the hour that is running. */
static void row_age(struct attempt_row *row, int64_t now_us)
{
    int64_t hours = (now_us - row->last_us) / hour_us;

    if (hours > 0) {
        row->failures = hours < 32 ? row->failures >> hours : 0;
        row->last_us += hours * hour_us;
    }
    if (row->failures == 0 || row->last_us > now_us) /* none yet; the clock was set back */
        row->last_us = now_us;
}

/* How long a subject has to wait: never longer than ever was asked, whatever the clock did. */
static int64_t row_wait(const struct attempt_row *row, const struct policy *policy,
                        int64_t now_us)
{
    int64_t wait_s = (row->until_us - now_us + SECOND_US - 1) / SECOND_US;

    return row->until_us > now_us && wait_s <= policy->longest_s ? wait_s : 0;
}

/* Reads the rows of those that count, whose number is set, and how long is to be waited. */
static enum result rows_read(struct home *home, const struct asked *asked, const char *user_id,
                             int64_t now_us, struct attempt_row rows[THROTTLE_SUBJECT__MAX],
                             unsigned *count, int64_t *wait_s, struct reason *why)
{
    bool known = false;
    enum result result = known_row_get(home->db, user_id, asked->address,
                                       now_us / SECOND_US - KNOWN_SECONDS, &known, why);

    *count = known ? THROTTLE_ACCOUNT_ELSEWHERE : THROTTLE_SUBJECT__MAX;
    *wait_s = 0;
    for (unsigned i = 0; result == RESULT_OK && i < *count; i++) {
        int64_t wait;

        result = attempt_row_get(home->db, asked->subjects[i], &rows[i], why);
        wait = row_wait(&rows[i], &policies[i], now_us);
        if (wait > *wait_s)
            *wait_s = wait;
    }
    return result;
}

/* Counts one more for a subject. */
static enum result row_add(struct home *home, struct attempt_row *row,
                           const struct policy *policy, int64_t now_us, struct reason *why)
{
    row_age(row, now_us);
    if (row->failures < FAILURES_MAX)
        row->failures++;
    row->until_us = now_us + wait_after(policy, row->failures) * SECOND_US;
    return attempt_row_set(home->db, row, why);
}

/* Counts one more failure for each. */
static enum result rows_add(struct home *home, struct attempt_row *rows, unsigned count,
                            int64_t now_us, struct throttle_attempt *attempt,
                            struct reason *why)
{
    enum result result = RESULT_OK;

    attempt->count = count;
    for (unsigned i = 0; result == RESULT_OK && i < count; i++) {
        result = row_add(home, &rows[i], &policies[i], now_us, why);
        attempt->until_us[i] = rows[i].until_us;
        memcpy(attempt->subjects[i], rows[i].subject, ATTEMPT_SUBJECT_BYTES);
    }
    return result;
}

/* Deletes those of which nothing is left, and the oldest of too many. */
static enum result rows_bound(struct home *home, int64_t now_us, struct reason *why)
{
    int64_t count = 0;
    enum result result = attempt_rows_expire(home->db, now_us - forgotten_us, ROWS_STEP, why);

    if (result == RESULT_OK)
        result = attempt_rows_count(home->db, &count, why);
    if (result == RESULT_OK && count > ROWS_MAX)
        result = attempt_rows_expire(home->db, INT64_MAX, count - ROWS_MAX, why);
    return result;
}

/* Ends a transaction as its result says. */
static enum result finish(struct home *home, enum result result, struct reason *why)
{
    if (result == RESULT_OK)
        return db_commit(home->db, why);
    db_rollback(home->db);
    return result;
}

static enum result try_counted(struct home *home, const struct asked *asked,
                               const char *user_id, struct throttle_attempt *attempt,
                               int64_t *wait_s, struct reason *why)
{
    struct attempt_row rows[THROTTLE_SUBJECT__MAX];
    enum result result = db_begin(home->db, why);
    int64_t now_us = clock_wall_us();
    unsigned count;

    if (result != RESULT_OK)
        return result;
    result = rows_read(home, asked, user_id, now_us, rows, &count, wait_s, why);
    if (result == RESULT_OK && *wait_s > 0)
        result = RESULT_DENIED;
    if (result == RESULT_OK)
        result = rows_add(home, rows, count, now_us, attempt, why);
    if (result == RESULT_OK)
        result = rows_bound(home, now_us, why);
    return finish(home, result, why);
}

enum result throttle_try(struct home *home, const char *username, const char *user_id,
                         const struct addr *from, struct throttle_attempt *attempt,
                         int64_t *wait_s, struct reason *why)
{
    struct attempt_row rows[THROTTLE_SUBJECT__MAX];
    struct asked asked;
    unsigned count;
    enum result result = asked_make(home, username, from, &asked, why);

    memset(attempt, 0, sizeof(*attempt));
    *wait_s = 0;
    if (result == RESULT_OK)
        result = rows_read(home, &asked, user_id, clock_wall_us(), rows, &count, wait_s, why);
    if (result == RESULT_OK && *wait_s > 0)
        result = RESULT_DENIED;
    if (result == RESULT_OK)
        result = try_counted(home, &asked, user_id, attempt, wait_s, why);
    if (result == RESULT_DENIED)
        reason_set(why, result, "too many logins have failed");
    return result;
}

/* Takes one failure back; the wait for it too, if none has come after it. */
static enum result row_take_back(struct home *home, const struct throttle_attempt *attempt,
                                 unsigned i, struct reason *why)
{
    struct attempt_row row;
    enum result result = attempt_row_get(home->db, attempt->subjects[i], &row, why);

    if (result != RESULT_OK)
        return result;
    if (row.failures <= 1)
        return attempt_row_delete(home->db, attempt->subjects[i], why);
    row.failures--;
    if (row.failures < policies[i].free || row.until_us == attempt->until_us[i])
        row.until_us = 0;
    return attempt_row_set(home->db, &row, why);
}

enum result throttle_withdraw(struct home *home, const struct throttle_attempt *attempt,
                              struct reason *why)
{
    enum result result = db_begin(home->db, why);

    if (result != RESULT_OK)
        return result;
    for (unsigned i = 0; result == RESULT_OK && i < attempt->count; i++)
        result = row_take_back(home, attempt, i, why);
    return finish(home, result, why);
}

enum result throttle_right(struct home *home, const struct throttle_attempt *attempt,
                           const char *user_id, const struct addr *from, struct reason *why)
{
    int64_t now = clock_wall_us() / SECOND_US;
    struct asked asked;
    enum result result = asked_make(home, "", from, &asked, why);

    if (result == RESULT_OK)
        result = db_begin(home->db, why);
    if (result != RESULT_OK)
        return result;
    result = attempt_row_delete(home->db, attempt->subjects[THROTTLE_ACCOUNT_HERE], why);
    for (unsigned i = THROTTLE_ADDRESS; result == RESULT_OK && i < attempt->count; i++)
        result = row_take_back(home, attempt, i, why);
    if (result == RESULT_OK)
        result = known_row_set(home->db, user_id, asked.address, now, now - KNOWN_SECONDS,
                               KNOWN_KEPT, why);
    return finish(home, result, why);
}

static enum result register_counted(struct home *home, struct throttle_attempt *attempt,
                                    int64_t *wait_s, struct reason *why)
{
    enum result result = db_begin(home->db, why);
    int64_t now_us = clock_wall_us();
    struct attempt_row row = {.failures = 0};

    if (result != RESULT_OK)
        return result;
    result = attempt_row_get(home->db, attempt->subjects[0], &row, why);
    if (result == RESULT_OK)
        *wait_s = row_wait(&row, &registering, now_us);
    if (result == RESULT_OK && *wait_s > 0)
        result = reason_set(why, RESULT_DENIED, "too many accounts were made");
    if (result == RESULT_OK)
        result = row_add(home, &row, &registering, now_us, why);
    if (result == RESULT_OK)
        result = rows_bound(home, now_us, why);
    attempt->until_us[0] = row.until_us;
    return finish(home, result, why);
}

enum result throttle_register(struct home *home, const struct addr *from,
                              struct throttle_attempt *attempt, int64_t *wait_s,
                              struct reason *why)
{
    struct secret_mac *mac = NULL;
    enum result result = home_mac_derive(home, "forestgate throttle", &mac, why);

    memset(attempt, 0, sizeof(*attempt));
    attempt->count = 1;
    *wait_s = 0;
    if (result != RESULT_OK)
        return result;
    result = subject_digest(mac, SUBJECT_REGISTERING, NULL, from, attempt->subjects[0]);
    secret_mac_free(mac);
    if (result != RESULT_OK)
        return reason_set(why, result, "a digest could not be made");
    return register_counted(home, attempt, wait_s, why);
}
