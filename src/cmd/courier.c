/*
 * courier.c: the process that sends webhooks.
 */
#include "cmd/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/url.h"
#include "cmd/post.h"
#include "gate/hook.h"
#include "gate/sandbox.h"

enum {
    IDLE_MS = 250,   /* how soon an end is seen that has to be told, */
    QUIET_MS = 1000, /* and after a while without any */
    QUIET_ROUNDS = 40,
    WAIT_MS = 1000,     /* for the lock, and for a database that is locked */
    TURN_ROWS = 16,     /* of a turn that are looked at, as long as their hosts are busy */
    TURNS_MAX = 256,    /* that are looked at before anything else is done */
    ATTEMPTS_LOST = 16, /* attempts, of which some killed the courier, after which it is left */
    ORPHAN_S = 5,
};

static const int64_t ms_ns = 1000000;

static volatile sig_atomic_t stopped;

void courier_stop(void)
{
    stopped = 1;
}

/* One row that is under way. */
struct parcel {
    struct courier *courier;
    bool taken;
    bool begun; /* that is in the database, and it is sent */
    bool ended; /* the answer is here, and not in the database yet */
    struct hook_row row;
    char turn[HOOK_TURN_MAX + 1];
    char host[URL_HOST_MAX + 1];
};

struct courier {
    struct home *home;
    struct db *db;
    struct posts *posts;
    struct parcel parcels[COURIER_AT_ONCE];
    char turn[HOOK_TURN_MAX + 1]; /* whose it was last */
    struct hook_row found[TURN_ROWS];
    size_t found_count;
    int quiet; /* rounds without anything to do */
};

static struct parcel *parcel_free(struct courier *courier)
{
    for (size_t i = 0; i < COURIER_AT_ONCE; i++)
        if (!courier->parcels[i].taken)
            return &courier->parcels[i];
    return NULL;
}

/* How many are under way: of a turn, to a host, in all. */
struct load {
    int turn, host, all;
};

static struct load load_of(const struct courier *courier, const char *turn, const char *host)
{
    struct load load = {0};

    for (size_t i = 0; i < COURIER_AT_ONCE; i++) {
        const struct parcel *parcel = &courier->parcels[i];

        if (!parcel->taken)
            continue;
        load.all++;
        load.turn += strcmp(parcel->turn, turn) == 0;
        load.host += strcmp(parcel->host, host) == 0;
    }
    return load;
}

/* ---- what came of it ---- */

/* The URL may be a secret, whose host is none. */
static void given_up_tell(const struct hook_row *row, const char *host)
{
    log_message("webhook of job %s to %s: given up after %lld attempt%s: %s", row->uuid,
                host[0] != '\0' ? host : "nobody", (long long)row->attempts,
                row->attempts == 1 ? "" : "s", row->problem);
}

static enum result parcel_store(struct courier *courier, struct parcel *parcel,
                                struct reason *why)
{
    struct hook_row *row = &parcel->row;
    enum result result;

    if (row->state == HOOK_WAITING)
        result = hook_row_retry(courier->db, row, why);
    else
        result = hook_row_end(courier->db, row, why);
    return result;
}

static bool is_stored_next(const struct parcel *parcel)
{
    return parcel->taken && parcel->ended;
}

/* Stores the answers that have come, in one transaction. */
static enum result answers_store(struct courier *courier, struct reason *why)
{
    enum result result;
    bool any = false;

    for (size_t i = 0; i < COURIER_AT_ONCE; i++)
        any |= is_stored_next(&courier->parcels[i]);
    if (!any)
        return RESULT_OK;
    result = db_begin(courier->db, why);
    if (result != RESULT_OK)
        return result;
    for (size_t i = 0; result == RESULT_OK && i < COURIER_AT_ONCE; i++)
        if (is_stored_next(&courier->parcels[i]))
            result = parcel_store(courier, &courier->parcels[i], why);
    if (result == RESULT_OK)
        result = db_commit(courier->db, why);
    else
        db_rollback(courier->db);
    for (size_t i = 0; result == RESULT_OK && i < COURIER_AT_ONCE; i++) {
        struct parcel *parcel = &courier->parcels[i];

        if (!is_stored_next(parcel))
            continue;
        if (parcel->row.state == HOOK_GIVEN_UP)
            given_up_tell(&parcel->row, parcel->host);
        parcel->taken = false;
    }
    return result;
}

static void parcel_end(struct parcel *parcel, long status, const char *problem)
{
    struct hook_row *row = &parcel->row;

    row->answer = status;
    text_copy(row->problem, sizeof(row->problem), problem);
    if (problem[0] == '\0' && (status < 200 || status > 299))
        text_print(row->problem, sizeof(row->problem), "it answered %ld", status);
    hook_judge(row, (int64_t)clock_boot_ns(), clock_wall_us());
    parcel->ended = true;
}

static void answered(void *arg, const struct post_answer *answer)
{
    parcel_end(arg, answer->status, answer->problem);
}

/* ---- sending ---- */

/* For good, without an attempt. */
static void parcel_drop(struct parcel *parcel, const char *problem)
{
    text_copy(parcel->row.problem, sizeof(parcel->row.problem), problem);
    parcel->row.answer = 0;
    parcel->row.told_us = 0;
    parcel->row.state = HOOK_GIVEN_UP;
    parcel->ended = true;
}

static void parcel_send(struct courier *courier, struct parcel *parcel)
{
    const char *url = hook_url(&courier->home->config, &parcel->row);
    struct hook_message message;
    struct reason why;
    enum result result;

    result = hook_message_make(&parcel->row, clock_wall_us(), &message, &why);
    if (result == RESULT_OK) {
        const struct post_ask ask = {
            .url = url,
            .headers = {message.id, message.timestamp, message.signature,
                        message.trace[0] != '\0' ? message.trace : NULL,
                        message.state[0] != '\0' ? message.state : NULL},
            .body = message.body.data,
            .len = message.body.len,
        };

        result = posts_begin(courier->posts, &ask, answered, parcel, &why);
    }
    if (result != RESULT_OK) {
        log_message("webhook of job %s: %s", parcel->row.uuid, why.text);
        parcel_end(parcel, 0, result_text(result));
    }
    hook_message_free(&message);
}

/* Why it is not to be sent any more, whatever its URL would say; NULL if it is. */
static const char *never_why(const struct hook_row *row, const char *url)
{
    if (url == NULL)
        return row->url[0] != '\0' ? "webhook_callers is off" : "there is no webhook_url";
    return row->attempts >= ATTEMPTS_LOST ? "the courier died of it too often" : NULL;
}

/* Takes a row that was found, if there is a place and its host is not busy. */
static void parcel_take(struct courier *courier, const char *turn, const struct hook_row *row)
{
    const struct config *config = &courier->home->config;
    const char *url = hook_url(config, row), *never = never_why(row, url);
    struct parcel *parcel = parcel_free(courier);
    struct url parts = {.host = ""};
    struct reason why;
    struct load load;

    if (never == NULL && hook_url_check(config, url, &parts, &why) != RESULT_OK)
        never = why.text;
    load = load_of(courier, turn, parts.host);
    if (parcel == NULL || load.turn >= COURIER_PER_TURN ||
        (parts.host[0] != '\0' && load.host >= COURIER_PER_HOST))
        return;
    *parcel = (struct parcel){.courier = courier, .taken = true, .row = *row};
    parcel->row.attempts++;
    text_copy(parcel->turn, sizeof(parcel->turn), turn);
    text_copy(parcel->host, sizeof(parcel->host), parts.host);
    if (never != NULL)
        parcel_drop(parcel, never);
}

static void found_add(void *arg, const struct hook_row *row)
{
    struct courier *courier = arg;

    courier->found[courier->found_count++] = *row;
}

static enum result turn_take(struct courier *courier, const char *turn, int64_t now_ns,
                             struct reason *why)
{
    enum result result;

    courier->found_count = 0;
    if (load_of(courier, turn, "").turn >= COURIER_PER_TURN)
        return RESULT_OK;
    result = hook_rows_due(courier->db, turn, now_ns, TURN_ROWS, found_add, courier, why);
    for (size_t i = 0; result == RESULT_OK && i < courier->found_count; i++)
        parcel_take(courier, turn, &courier->found[i]);
    return result;
}

/* Goes round the turns, from behind the one that it was at, once at most. */
static enum result turns_take(struct courier *courier, int64_t now_ns, struct reason *why)
{
    char first[HOOK_TURN_MAX + 1] = "";
    enum result result = RESULT_OK;
    bool round = false;

    for (int i = 0; result == RESULT_OK && i < TURNS_MAX && parcel_free(courier) != NULL; i++) {
        result = hook_turn_next(courier->db, courier->turn, courier->turn, why);
        if (result != RESULT_OK || (courier->turn[0] == '\0' && round))
            break;
        if (courier->turn[0] == '\0') {
            round = true;
            continue;
        }
        if (strcmp(courier->turn, first) == 0)
            break;
        if (first[0] == '\0')
            text_copy(first, sizeof(first), courier->turn);
        result = turn_take(courier, courier->turn, now_ns, why);
    }
    return result;
}

static bool is_new(const struct parcel *parcel)
{
    return parcel->taken && !parcel->begun;
}

/* Notes that those begin which were taken; what waits no more is none of ours. */
static enum result parcels_begin(struct courier *courier, struct reason *why)
{
    enum result result = db_begin(courier->db, why);

    if (result != RESULT_OK)
        return result;
    for (size_t i = 0; result == RESULT_OK && i < COURIER_AT_ONCE; i++) {
        struct parcel *parcel = &courier->parcels[i];

        if (!is_new(parcel))
            continue;
        result = hook_row_begin(courier->db, parcel->row.id, why);
        if (result == RESULT_MISSING) {
            parcel->taken = false;
            result = RESULT_OK;
        }
    }
    if (result == RESULT_OK)
        return db_commit(courier->db, why);
    db_rollback(courier->db);
    return result;
}

/* Takes what is due and has a place, and sends it once that is noted. */
static enum result due_take(struct courier *courier, int64_t now_ns, struct reason *why)
{
    enum result result = turns_take(courier, now_ns, why);
    bool any = false;

    for (size_t i = 0; i < COURIER_AT_ONCE; i++)
        any |= is_new(&courier->parcels[i]);
    if (any && result == RESULT_OK)
        result = parcels_begin(courier, why);
    for (size_t i = 0; any && i < COURIER_AT_ONCE; i++) {
        struct parcel *parcel = &courier->parcels[i];

        if (!is_new(parcel))
            continue;
        parcel->taken = parcel->begun = result == RESULT_OK;
        if (parcel->taken && !parcel->ended)
            parcel_send(courier, parcel);
    }
    return result;
}

/* ---- the loop ---- */

static int under_way(const struct courier *courier)
{
    return load_of(courier, "", "").all;
}

/* How long there is nothing to do but to wait for answers. */
static int wait_ms(struct courier *courier, int64_t due_ns, int64_t now_ns)
{
    int64_t most, left = due_ns - now_ns;

    courier->quiet = left <= 0 || under_way(courier) > 0 ? 0 : courier->quiet + 1;
    most = courier->quiet > QUIET_ROUNDS ? QUIET_MS : IDLE_MS;
    if (courier->quiet > QUIET_ROUNDS)
        courier->quiet = QUIET_ROUNDS + 1;
    if (left <= 0)
        return IDLE_MS; /* for a place */
    return left < most * ms_ns ? (int)(left / ms_ns) + 1 : (int)most;
}

/* One round; *idle: nothing is due. */
static enum result round_make(struct courier *courier, bool *idle, struct reason *why)
{
    int64_t now_ns = (int64_t)clock_boot_ns(), due_ns = INT64_MAX;
    enum result result = answers_store(courier, why);
    bool ended = false;

    if (result == RESULT_OK)
        result = hook_due_next(courier->db, &due_ns, why);
    *idle = result == RESULT_OK && due_ns > now_ns;
    if (result == RESULT_OK && !*idle && !stopped && parcel_free(courier) != NULL)
        result = due_take(courier, now_ns, why);
    for (size_t i = 0; i < COURIER_AT_ONCE; i++)
        ended |= is_stored_next(&courier->parcels[i]);
    if (result == RESULT_OK)
        posts_run(courier->posts, ended ? 0 : wait_ms(courier, due_ns, now_ns));
    else
        posts_run(courier->posts, WAIT_MS);
    return result;
}

/* What is not told twice in a row, so that a full disk does not fill the log. */
static void trouble_tell(enum result result, const struct reason *why, bool *told)
{
    if (result != RESULT_OK && result != RESULT_BUSY && !*told)
        log_message("webhooks: %s", why->text);
    if (result != RESULT_BUSY)
        *told = result != RESULT_OK;
}

static enum result rounds_make(struct courier *courier, bool drain, struct reason *why)
{
    uint64_t looked = clock_mono_ns();
    bool idle = false, told = false;
    enum result result;

    while (!(stopped || (drain && idle)) || under_way(courier) > 0) {
        result = round_make(courier, &idle, why);
        trouble_tell(result, why, &told);
        if (result != RESULT_OK && (drain || stopped))
            return result;
        if (clock_mono_ns() - looked < (uint64_t)ORPHAN_S * 1000 * (uint64_t)ms_ns)
            continue;
        looked = clock_mono_ns();
        if (home_is_orphan(courier->home))
            return reason_set(why, RESULT_MISSING, "the home was removed or replaced");
    }
    return RESULT_OK;
}

/* Nobody else sends: so what is under way is nobody's. */
static enum result rows_recover(struct courier *courier, struct reason *why)
{
    struct hook_row row = {.attempts = 1};
    int64_t now_ns = (int64_t)clock_boot_ns();
    enum result result;

    hook_judge(&row, now_ns, 0); /* for the delay */
    result = hook_rows_recover(courier->db, row.due_ns, why);
    if (result == RESULT_OK)
        result = hook_due_mend(courier->db, now_ns + hook_delay_max_ns(), why);
    return result;
}

/* The lock, or -1: another has it, or it could not be had, as *result says. */
static int lock_take(enum result *result, struct reason *why)
{
    int fd = open(HOME_COURIER, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    *result = RESULT_OK;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd < 0 || errno != EWOULDBLOCK)
        *result = reason_errno(why, HOME_COURIER);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Waits for the lock; with drain it is left to who has it. */
static int lock_wait(bool drain, enum result *result, struct reason *why)
{
    const struct timespec second = {.tv_sec = WAIT_MS / 1000};
    int lock = lock_take(result, why);

    while (lock < 0 && *result == RESULT_OK && !drain && !stopped) {
        nanosleep(&second, NULL);
        lock = lock_take(result, why);
    }
    return lock;
}

enum result courier_run(struct home *home, bool drain, struct reason *why)
{
    struct courier courier = {.home = home};
    enum result result;
    int lock;

    result = home_work(home, &courier.db, why);
    if (result != RESULT_OK)
        return result;
    lock = lock_wait(drain, &result, why);
    if (lock < 0)
        return result;
    result = rows_recover(&courier, why);
    if (result == RESULT_OK)
        result = posts_open(&home->config.webhook_private, &courier.posts, why);
    if (result == RESULT_OK && home->role == DB_WORKER) /* who has to go back is not shut in */
        result = sandbox_enter(home, SANDBOX_COURIER, why);
    if (result == RESULT_OK)
        result = rounds_make(&courier, drain, why);
    posts_close(courier.posts);
    close(lock);
    return result;
}
