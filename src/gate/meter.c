/*
 * meter.c: what a request sees of all that counts.
 */
#include "gate/meter.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "gate/journal.h"
#include "store/calls.h"

enum {
    DUE_NS = 250000000,      /* calls wait so long for the database */
    FRESH_NS = 500000000,    /* and it has taken a write in the last so long, */
    PATIENT_NS = 2000000000, /* or in this, if somebody is at it right now */
    REFUSED_NS = 100000000,  /* after a refusal it is asked again */
    /* Or until so many wait: bringing those in takes a millisecond, which none of the requests
       beside it feels. */
    DUE_CALLS = 256,
    FULL_SHARE = 4, /* and never more than this part of the journal */
    KNOW_TRIES = 4,
    HISTORY_MAX = 1 << 18, /* starts of calls that are read */
    STATUS_FAILED = 503,
};

struct meter {
    struct home *home;
    struct ledger *ledger;
    enum result refused; /* what was logged last of draining: each kind once */
    bool stuck;
};

enum result meter_open(struct home *home, struct meter **out, struct reason *why)
{
    struct meter *meter = calloc(1, sizeof(*meter));
    enum result result;

    *out = NULL;
    if (meter == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the meter");
    meter->home = home;
    result = journal_open(home, &meter->ledger, why);
    if (result == RESULT_OK)
        *out = meter;
    else
        free(meter);
    return result;
}

/* ---- the database ---- */

/* A bill that cannot be written is told loudly, once until it can be again. */
static void told(struct meter *meter, enum result result, const struct reason *why)
{
    if (result != RESULT_OK && result != meter->refused)
        log_message("calls cannot be brought into the database: %s: %s", result_text(result),
                    why->text);
    if (result == RESULT_OK && meter->refused != RESULT_OK)
        log_message("calls are brought into the database again");
    meter->refused = result;
}

static enum result drain(struct meter *meter, enum journal_mode mode, struct reason *why)
{
    enum result result = journal_drain(meter->home, meter->ledger, mode, why);

    if (result != RESULT_BUSY || !ledger_drain_is_locked(meter->ledger)) /* by another */
        told(meter, result, why);
    return result;
}

void meter_tend(struct meter *meter)
{
    struct ledger_state state;
    struct reason why;
    uint64_t now;

    ledger_state(meter->ledger, &state);
    if (state.last == state.drained && state.open == 0)
        return;
    now = ledger_instant(meter->ledger);
    if (now - state.drained_at < DUE_NS && state.last - state.drained < DUE_CALLS &&
        state.last - state.drained < state.journal / FULL_SHARE)
        return;
    if (state.refused_at != 0 && now - state.refused_at < REFUSED_NS)
        return;
    if (ledger_drain_is_locked(meter->ledger))
        return;
    drain(meter, JOURNAL_TRY, &why);
}

enum result meter_bring_in(struct meter *meter, struct reason *why)
{
    struct ledger_state state;

    ledger_state(meter->ledger, &state);
    if (state.last == state.drained) /* nothing is written by who only reads */
        return RESULT_OK;
    return drain(meter, JOURNAL_NOW, why);
}

enum result meter_write_check(struct meter *meter, struct reason *why)
{
    return drain(meter, JOURNAL_NOW, why);
}

void meter_state(const struct meter *meter, struct ledger_state *out)
{
    ledger_state(meter->ledger, out);
}

/* Whether the database takes what is counted: asked if it was not for a while. */
static enum result writable(struct meter *meter, struct reason *why)
{
    struct ledger_state state;
    enum result result;
    uint64_t now;

    ledger_state(meter->ledger, &state);
    now = ledger_instant(meter->ledger); /* after what is in the state */
    if (state.drained_at != 0 && now - state.drained_at < FRESH_NS && state.refused_at == 0)
        return RESULT_OK;
    if (state.refused_at != 0 && now - state.refused_at < REFUSED_NS)
        return reason_set(why, RESULT_BUSY, "the call log could not be written a moment ago");
    if (!ledger_drain_is_locked(meter->ledger)) {
        result = drain(meter, JOURNAL_NOW, why);
        return result;
    }
    if (state.drained_at != 0 && now - state.drained_at < PATIENT_NS && state.refused_at == 0)
        return RESULT_OK;
    return drain(meter, JOURNAL_NOW, why);
}

void meter_close(struct meter *meter)
{
    struct ledger_state state;
    struct reason why;

    if (meter == NULL)
        return;
    ledger_state(meter->ledger, &state);
    if (state.last != state.drained)
        drain(meter, JOURNAL_NOW, &why);
    ledger_close(meter->ledger);
    free(meter);
}

bool meter_is_orphan(const struct meter *meter)
{
    return ledger_is_orphan(meter->ledger);
}

/* ---- what the ledger does not know of a key ---- */

/*
 * How many starts of calls say all that the windows ask: one more than the highest rate, since
 * where there are so many in a window it is full, whatever was before.  Where that is more
 * than HISTORY_MAX, a key that has made as many within its windows waits until the oldest of
 * them leaves.
 */
static size_t history_room(const struct limits *limits)
{
    int64_t most = 0;

    for (size_t i = 0; i < limits->count; i++)
        if (limits->items[i].kind == LIMIT_RATE && limits->items[i].count > most)
            most = limits->items[i].count;
    return most < HISTORY_MAX ? (size_t)most + 1 : HISTORY_MAX;
}

static enum result read_known(struct meter *meter, const char *account,
                              const struct ledger_need *need, struct ledger_known *known,
                              int64_t *starts, size_t room, struct reason *why)
{
    struct db *db = meter->home->db;
    enum result result;

    result = call_drained_get(db, &known->up_to, why);
    if (result == RESULT_OK)
        result = usage_charged(db, account, need->day, need->day, &known->day_charged, why);
    if (result == RESULT_OK)
        result = usage_charged(db, account, need->month.first, need->month.last,
                               &known->month_charged, why);
    if (result == RESULT_OK && need->history)
        result = call_starts(db, account, need->after_us, known->up_to, starts, room,
                             &known->start_count, why);
    known->starts = starts;
    known->cut = known->start_count == room;
    return result;
}

/* All of it as of one moment, in one transaction that reads. */
static enum result know(struct meter *meter, const struct ledger_account *account,
                        const struct ledger_need *need, struct reason *why)
{
    struct ledger_known known = {.start_count = 0};
    size_t room = history_room(account->limits);
    int64_t *starts = NULL;
    enum result result;

    if (need->history && (starts = malloc(room * sizeof(*starts))) == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for a key's history");
    result = db_read_begin(meter->home->db, why);
    if (result == RESULT_OK) {
        result = read_known(meter, account->key, need, &known, starts, room, why);
        db_read_end(meter->home->db);
    }
    if (result == RESULT_OK)
        result = ledger_know(meter->ledger, account, need, &known, why);
    free(starts);
    return result == RESULT_MISSING ? RESULT_OK : result; /* too old: it is asked again */
}

static struct ledger_account account_of(const struct caller *caller)
{
    return (struct ledger_account){caller->account, caller->limits, caller->shadow,
                                   caller->epoch};
}

enum result meter_admit(struct meter *meter, const struct caller *caller,
                        const struct call_row *call, int64_t charge,
                        struct ledger_verdict *verdict, struct reason *why)
{
    struct ledger_account account = account_of(caller);
    enum result result = writable(meter, why);
    struct ledger_need need;

    for (int i = 0; result == RESULT_OK && i < KNOW_TRIES; i++) {
        result = ledger_admit(meter->ledger, &account, call, charge, verdict, &need, why);
        if (result != RESULT_MISSING)
            return result;
        result = know(meter, &account, &need, why);
    }
    return result != RESULT_OK ? result
                               : reason_set(why, RESULT_BUSY, "a key's usage changes too fast");
}

enum result meter_look(struct meter *meter, const struct caller *caller,
                       struct ledger_verdict *verdict, struct reason *why)
{
    struct ledger_account account = account_of(caller);
    enum result result = RESULT_OK;
    struct ledger_need need;

    for (int i = 0; result == RESULT_OK && i < KNOW_TRIES; i++) {
        result = ledger_look(meter->ledger, &account, verdict, &need, why);
        if (result != RESULT_MISSING)
            return result;
        result = know(meter, &account, &need, why);
    }
    return result != RESULT_OK ? result
                               : reason_set(why, RESULT_BUSY, "a key's usage changes too fast");
}

enum result meter_charge(struct meter *meter, const struct caller *caller, int64_t more,
                         struct ledger_verdict *verdict, struct reason *why)
{
    struct ledger_account account = account_of(caller);

    return ledger_charge(meter->ledger, &account, more, verdict, why);
}

enum result meter_charge_rows(struct meter *meter, const struct caller *caller, int64_t before,
                              int64_t rows, struct ledger_verdict *verdict, struct reason *why)
{
    struct ledger_account account = account_of(caller);

    if (before < 1) /* the call itself was charged one */
        before = 1;
    if (caller->price != TIER_PRICE_ROW || rows <= before)
        return RESULT_OK;
    return ledger_charge(meter->ledger, &account, rows - before, verdict, why);
}

/* ---- settling ---- */

/*
 * The answer has to wait for the disk.  Whoever drains takes all that has ended along, so
 * one write serves many.  If it fails the call has failed as well.
 */
static enum result settle_on_disk(struct meter *meter, int64_t seq, struct reason *why)
{
    struct ledger_state state;
    enum result result = drain(meter, JOURNAL_NOW, why);

    ledger_state(meter->ledger, &state);
    if (state.drained >= seq)
        return RESULT_OK;
    if (result == RESULT_OK)
        result = reason_set(why, RESULT_BUSY, "the call did not get to the disk");
    if (journal_take_back(meter->home, meter->ledger, seq, STATUS_FAILED, NULL) ==
        RESULT_MISSING)
        return RESULT_OK;
    return result;
}

enum result meter_settle(struct meter *meter, const struct ledger_end *end, struct reason *why)
{
    enum result result;
    int64_t seq = 0;

    result = ledger_settle(meter->ledger, end, &seq, why);
    meter->stuck = result != RESULT_OK;
    if (result != RESULT_OK || meter->home->config.durability != CONFIG_DURABILITY_POWER ||
        end->status >= 400)
        return result;
    return settle_on_disk(meter, seq, why);
}

bool meter_is_stuck(const struct meter *meter)
{
    return meter->stuck;
}

enum result meter_address(struct meter *meter, enum ledger_watch watch,
                          const struct addr *address, const struct rate *rate,
                          struct ledger_verdict *verdict, struct reason *why)
{
    return ledger_address(meter->ledger, watch, address, rate, verdict, why);
}
