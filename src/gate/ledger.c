/*
 * ledger.c: calls: admitted, charged, settled.
 *
 * Every function here that is not static takes the lock once, and what it changes of the
 * counts is between ledger_begin() and ledger_commit(): it has happened or it has not.
 */
#include "gate/ledger.h"

#include <string.h>

#include "base/text.h"
#include "gate/ledger_file.h"

enum {
    STATUS_REFUSED = 400
};

/* ---- how limits stand ---- */

/* Seconds until a day has ended, at a wall time in it. */
static int64_t seconds_until_end(int64_t day, int64_t wall_us)
{
    int64_t us = (day + 1) * CALL_DAY_US - wall_us;

    return us > 0 ? (us + 999999) / 1000000 : 1;
}

static void stand_rate(const struct ledger *ledger, const struct ledger_slot *slot, size_t i,
                       struct ledger_standing *out)
{
    const struct window *window = &slot->window[i];
    uint64_t now = ledger->header->now, next;

    out->window_s = slot->limits.items[i].seconds;
    out->remaining = (int64_t)window_remaining(window, now);
    next = window_next(window, ledger_ring(ledger, slot, i), now);
    out->reset_s =
        ledger_seconds_up(next > 0 ? next - 1 : 0); /* a call just now: W, not W and 1 ns */
}

static void stand_quota(const struct ledger_slot *slot, size_t i, int64_t wall_us,
                        struct ledger_standing *out)
{
    bool of_day = slot->limits.items[i].kind == LIMIT_DAY;
    int64_t charged = of_day ? slot->day_charged : slot->month_charged;
    int64_t last = of_day ? slot->day : slot->month.last;

    out->window_s = of_day ? 86400 : (slot->month.last - slot->month.first + 1) * 86400;
    out->remaining = out->limit.count > charged ? out->limit.count - charged : 0;
    out->reset_s = seconds_until_end(last, wall_us);
}

static void stand_all(const struct ledger *ledger, const struct ledger_slot *slot,
                      int64_t wall_us, struct ledger_verdict *verdict)
{
    verdict->count = slot->limits.count;
    for (size_t i = 0; i < slot->limits.count; i++) {
        struct ledger_standing *out = &verdict->standings[i];

        out->limit = slot->limits.items[i];
        if (out->limit.kind == LIMIT_RATE)
            stand_rate(ledger, slot, i, out);
        else
            stand_quota(slot, i, wall_us, out);
    }
}

/* Which limits have no room for a call of this charge, and when all of them have. */
static void judge(const struct ledger *ledger, struct ledger_slot *slot, int64_t calls,
                  int64_t charge, int64_t wall_us, struct ledger_verdict *verdict)
{
    uint64_t now = ledger->header->now;

    for (size_t i = 0; i < slot->limits.count; i++) {
        const struct limit *limit = &slot->limits.items[i];
        int64_t wait = 0, charged;

        if (limit->kind == LIMIT_RATE) {
            uint64_t *ring = ledger_ring(ledger, slot, i);

            window_expire(&slot->window[i], ring, now);
            if (calls == 0 || window_remaining(&slot->window[i], now) > 0)
                continue;
            wait = ledger_seconds_up(window_wait(&slot->window[i], ring, now));
        } else {
            charged = limit->kind == LIMIT_DAY ? slot->day_charged : slot->month_charged;
            if (charged + charge <= limit->count)
                continue;
            wait = seconds_until_end(limit->kind == LIMIT_DAY ? slot->day : slot->month.last,
                                     wall_us);
        }
        verdict->exceeded |= 1U << i;
        if (wait > verdict->retry_s)
            verdict->retry_s = wait;
    }
}

/* Whether a charge is over the whole of a quota, so that no waiting helps. */
static bool is_never(const struct ledger_slot *slot, int64_t charge)
{
    for (size_t i = 0; i < slot->limits.count; i++)
        if (slot->limits.items[i].kind != LIMIT_RATE && charge > slot->limits.items[i].count)
            return true;
    return false;
}

static void name_exceeded(const struct ledger_slot *slot, unsigned exceeded,
                          char out[CALL_OVER_MAX + 1])
{
    char name[LIMIT_NAME_MAX];

    for (size_t i = 0; i < slot->limits.count; i++)
        if (exceeded >> i & 1) {
            limit_name(name, &slot->limits.items[i]);
            text_copy(out, CALL_OVER_MAX + 1, name);
            return;
        }
}

/* ---- what is known ---- */

static bool is_of_now(const struct ledger_slot *slot, int64_t day)
{
    return slot->day == day && day >= slot->month.first && day <= slot->month.last;
}

static bool limits_equal(const struct limits *a, const struct limits *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].kind != b->items[i].kind || a->items[i].count != b->items[i].count ||
            a->items[i].seconds != b->items[i].seconds)
            return false;
    return a->count == b->count;
}

/* Whether a slot goes by other limits than an account that is not older. */
static bool is_outdated(struct ledger_slot *slot, const struct ledger_account *account)
{
    if (account->epoch < slot->epoch)
        return false;
    if (!limits_equal(&slot->limits, account->limits))
        return true;
    slot->epoch = account->epoch;
    return false;
}

static uint64_t longest_span(const struct limits *limits)
{
    int64_t longest = 0;

    for (size_t i = 0; i < limits->count; i++)
        if (limits->items[i].seconds > longest)
            longest = limits->items[i].seconds;
    return (uint64_t)longest * LEDGER_SECOND_NS;
}

/*
 * Whether calls of a key that has no slot may still be in its windows: not if, for as long as
 * those are, this ledger has been and no limits were changed, since a slot is only given up
 * when its windows are empty.
 */
static bool may_have_history(const struct ledger_header *header, const struct limits *limits)
{
    uint64_t since = header->born > header->epoch_seen ? header->born : header->epoch_seen;

    return header->now - since <= longest_span(limits);
}

static enum result need_set(const struct ledger_account *account, int64_t wall_us, bool history,
                            struct ledger_need *need)
{
    need->day = call_day(wall_us);
    need->month = clock_month_of(need->day);
    need->history = history;
    need->after_us = wall_us - (int64_t)(longest_span(account->limits) / 1000) - 1;
    return RESULT_MISSING;
}

/* From its first call under them on, an account's limits are those that hold. */
static void epoch_note(struct ledger_header *header, uint64_t epoch)
{
    if (epoch < header->epoch) /* a latecomer's call is one that newer limits may not see */
        header->epoch_seen = header->now;
    if (epoch <= header->epoch)
        return;
    header->epoch_seen = header->now;
    LEDGER_STEP();
    header->epoch = epoch;
}

/*
 * The slot that a call at this time is counted in, under the account's limits; LEDGER_NONE
 * if it has none.  A slot of limits that it had before goes on counting, without limits, or
 * it would be wrong once there are some again.  RESULT_MISSING, with the need: the database
 * has to be asked first.
 */
static enum result slot_get(struct ledger *ledger, const struct ledger_account *account,
                            int64_t wall_us, uint32_t *at, struct ledger_need *need,
                            struct reason *why)
{
    struct ledger_header *header = ledger->header;
    struct ledger_slot *slot;

    epoch_note(header, account->epoch);
    *at = ledger_slot_find(ledger, account->key);
    if (*at == LEDGER_NONE && account->limits->count == 0)
        return RESULT_OK;
    if (*at == LEDGER_NONE)
        return need_set(account, wall_us, may_have_history(header, account->limits), need);
    slot = &ledger->slots[*at];
    if (is_outdated(slot, account)) {
        enum result result;

        if (!ledger_slot_has_spans(slot, account->limits))
            return need_set(account, wall_us, true, need);
        result = ledger_slot_limit(ledger, *at, account, NULL, why);
        if (result != RESULT_OK)
            return result;
    }
    if (slot->doubt || !is_of_now(slot, call_day(wall_us)))
        return need_set(account, wall_us, false, need);
    return RESULT_OK;
}

/* Adds what calls were charged that the database does not have: ended ones and those in hand.
 */
static void charges_add(const struct ledger *ledger, const char *key,
                        const struct ledger_need *need, int64_t up_to, int64_t *day,
                        int64_t *month)
{
    const struct ledger_header *header = ledger->header;
    int64_t last = header->last;

    for (int64_t seq = up_to + 1; seq <= last + header->seats_high; seq++) {
        const struct ledger_seat *seat = seq > last ? &ledger->seats[seq - last - 1] : NULL;
        const struct call_row *call = seat != NULL ? &seat->call : ledger_call(ledger, seq);
        int64_t charged = seat != NULL ? seat->charged : call->charged, its_day;

        if ((seat != NULL && seat->state != LEDGER_SEAT_OPEN) ||
            memcmp(call->account, key, KEY_ID_LEN) != 0)
            continue;
        its_day = call_day(call->started_us);
        if (its_day == need->day)
            *day += charged;
        if (its_day >= need->month.first && its_day <= need->month.last)
            *month += charged;
    }
}

/*
 * Whether what was read without history is enough: since it was asked for, the slot that it
 * was for may have gone and limits may have changed.
 */
static bool is_enough(const struct ledger *ledger, uint32_t at,
                      const struct ledger_account *account, const struct ledger_need *need)
{
    if (need->history)
        return true;
    if (at == LEDGER_NONE)
        return !may_have_history(ledger->header, account->limits);
    return account->epoch < ledger->slots[at].epoch ||
           ledger_slot_has_spans(&ledger->slots[at], account->limits);
}

static enum result know(struct ledger *ledger, const struct ledger_account *account,
                        const struct ledger_need *need, const struct ledger_known *known,
                        struct reason *why)
{
    struct ledger_header *header = ledger->header;
    int64_t day = known->day_charged, month = known->month_charged;
    enum result result = RESULT_OK;
    struct ledger_slot *slot;
    uint32_t at;

    at = ledger_slot_find(ledger, account->key);
    if (known->up_to <= header->last - (int64_t)header->layout.journal ||
        !is_enough(ledger, at, account, need))
        return reason_set(why, RESULT_MISSING, "the database was read too long ago");
    if (at == LEDGER_NONE && account->limits->count == 0)
        return RESULT_OK;
    if (at == LEDGER_NONE)
        at = ledger_slot_make(ledger, account->key);
    if (at == LEDGER_NONE)
        return reason_set(why, RESULT_FULL,
                          "the ledger has no room for one key more: raise ledger_size");
    slot = &ledger->slots[at];
    if (is_outdated(slot, account))
        result = ledger_slot_limit(ledger, at, account, known, why);
    if (result != RESULT_OK)
        return result;
    charges_add(ledger, account->key, need, known->up_to, &day, &month);
    ledger_begin(ledger, at, LEDGER_NONE, 0);
    slot->day = need->day;
    LEDGER_STEP();
    slot->month = need->month;
    LEDGER_STEP();
    slot->day_charged = day;
    LEDGER_STEP();
    slot->month_charged = month;
    LEDGER_STEP();
    slot->doubt = 0;
    ledger_commit(ledger);
    return RESULT_OK;
}

enum result ledger_know(struct ledger *ledger, const struct ledger_account *account,
                        const struct ledger_need *need, const struct ledger_known *known,
                        struct reason *why)
{
    enum result result = ledger_lock(ledger, why);

    if (result != RESULT_OK)
        return result;
    result = know(ledger, account, need, known, why);
    ledger_unlock(ledger);
    return result;
}

/* ---- settling ---- */

/*
 * Adds to what a slot says was charged, for a call of this time: a call of a day before the
 * slot's counts for the month alone, if that is still the same.  Without a slot there is
 * nothing to add to: the database, the journal and the seats have all that there is to know.
 */
static void slot_charge(struct ledger *ledger, uint32_t at, int64_t started_us, int64_t charge)
{
    struct ledger_slot *slot = &ledger->slots[at];
    int64_t day = call_day(started_us);

    if (at == LEDGER_NONE)
        return;
    if (slot->day == day)
        slot->day_charged += charge;
    LEDGER_STEP();
    if (day >= slot->month.first && day <= slot->month.last)
        slot->month_charged += charge;
    LEDGER_STEP();
}

/* Ends the call of a seat: under the lock. */
static void settle(struct ledger *ledger, uint32_t at, const struct ledger_end *end)
{
    struct ledger_header *header = ledger->header;
    struct ledger_seat *seat = &ledger->seats[at];
    struct ledger_record *record = ledger_record_at(ledger, header->last + 1);
    bool costs = end->status < STATUS_REFUSED && !end->free;
    uint32_t slot = !costs ? ledger_slot_find(ledger, seat->call.account) : LEDGER_NONE;

    ledger_begin(ledger, slot, at, 0);
    record->call = seat->call;
    record->call.seq = header->last + 1;
    record->call.duration_us = end->duration_us;
    record->call.version = end->version;
    record->call.rows = end->rows;
    record->call.status = end->status;
    record->call.charged = costs ? seat->charged : 0;
    if (end->model != NULL)
        text_copy(record->call.model, sizeof(record->call.model), end->model);
    if (seat->over[0] != '\0')
        text_copy(record->call.over, sizeof(record->call.over), seat->over);
    record->check = ledger_record_check(&record->call);
    LEDGER_STEP();
    slot_charge(ledger, slot, seat->call.started_us, -seat->charged);
    header->open--;
    LEDGER_STEP();
    seat->state = LEDGER_SEAT_IDLE;
    LEDGER_STEP();
    __atomic_store_n(&header->last, header->last + 1, __ATOMIC_RELEASE);
    ledger_commit(ledger);
}

enum result ledger_settle(struct ledger *ledger, const struct ledger_end *end, int64_t *seq,
                          struct reason *why)
{
    enum result result;

    if (!ledger->in_hand)
        return reason_set(why, RESULT_FAILED, "there is no call in hand to settle");
    result = ledger_lock(ledger, why);
    if (result != RESULT_OK)
        return result;
    settle(ledger, ledger->seat, end);
    *seq = ledger->header->last;
    ledger_unlock(ledger);
    ledger->in_hand = false;
    return RESULT_OK;
}

/*
 * Takes the charge of a record back.  What its key was charged is asked for before its next
 * call, since the database may have this one all the same, if it could not be asked, and
 * then that counts.
 */
static void amend(struct ledger *ledger, struct ledger_record *record, int64_t status)
{
    uint32_t slot = ledger_slot_find(ledger, record->call.account);

    ledger_begin(ledger, slot, LEDGER_NONE, record->call.seq);
    slot_charge(ledger, slot, record->call.started_us, -record->call.charged);
    if (slot != LEDGER_NONE)
        ledger->slots[slot].doubt = 1;
    LEDGER_STEP();
    record->call.charged = 0;
    LEDGER_STEP();
    record->call.status = status;
    LEDGER_STEP();
    record->check = ledger_record_check(&record->call);
    ledger_commit(ledger);
}

enum result ledger_amend(struct ledger *ledger, int64_t seq, int64_t status, struct reason *why)
{
    enum result result = ledger_lock(ledger, why);

    if (result != RESULT_OK)
        return result;
    if (seq > ledger->header->drained && seq <= ledger->header->last)
        amend(ledger, ledger_record_at(ledger, seq), status);
    else
        result = reason_set(why, RESULT_MISSING, "the journal does not have the call");
    ledger_unlock(ledger);
    return result;
}

/* ---- the dead ---- */

static enum result bury_one(struct ledger *ledger, uint32_t at, struct reason *why)
{
    struct ledger_seat *seat = &ledger->seats[at];
    enum result result = ledger_lock(ledger, why);

    if (result != RESULT_OK)
        return result;
    if (seat->state == LEDGER_SEAT_OPEN) {
        struct ledger_end end = {
            .duration_us = (int64_t)((ledger->header->now - seat->since) / 1000),
            .status = LEDGER_STATUS_DIED,
        };

        settle(ledger, at, &end);
    }
    ledger_unlock(ledger);
    return RESULT_OK;
}

enum result ledger_bury(struct ledger *ledger, uint64_t age, struct reason *why)
{
    enum result result = ledger_lock(ledger, why);
    uint64_t now = ledger->header->now;

    if (result != RESULT_OK)
        return result;
    ledger_unlock(ledger); /* what a dead holder left is undone: a seat is as it looks */
    for (uint32_t i = 0; result == RESULT_OK && i < ledger->header->seats_high; i++) {
        const struct ledger_seat *seat = &ledger->seats[i];

        if (i == ledger->seat ||
            __atomic_load_n(&seat->state, __ATOMIC_RELAXED) != LEDGER_SEAT_OPEN ||
            now < seat->since + age || !ledger_seat_seize(ledger, i))
            continue;
        result = bury_one(ledger, i, why);
        ledger_seat_leave(ledger, i);
    }
    return result;
}

/* ---- admitting ---- */

static void count_call(struct ledger *ledger, struct ledger_slot *slot, int64_t charge)
{
    for (uint32_t i = 0; i < slot->windows; i++) {
        window_add(&slot->window[i], ledger_ring(ledger, slot, i), ledger->header->now);
        LEDGER_STEP();
    }
    slot->day_charged += charge;
    LEDGER_STEP();
    slot->month_charged += charge;
    LEDGER_STEP();
}

static void seat_open(struct ledger *ledger, int64_t charge)
{
    struct ledger_seat *seat = &ledger->seats[ledger->seat];

    seat->since = ledger->header->now;
    seat->charged = charge;
    seat->check = ledger_record_check(&seat->call);
    LEDGER_STEP();
    ledger->header->open++;
    LEDGER_STEP();
    seat->state = LEDGER_SEAT_OPEN;
}

/*
 * Whether there is no record left for one call more.  One stays free, since the next call
 * to end is written there before it counts: whoever dies in it leaves that one torn.
 */
static bool is_full(const struct ledger_header *header)
{
    return header->last - header->drained + header->open >= (int64_t)header->layout.journal - 1;
}

static enum result admit(struct ledger *ledger, const struct ledger_account *account,
                         int64_t charge, struct ledger_verdict *verdict,
                         struct ledger_need *need, struct reason *why)
{
    struct ledger_header *header = ledger->header;
    struct ledger_seat *seat = &ledger->seats[ledger->seat];
    int64_t wall_us = ledger->clock.wall_us();
    struct ledger_slot *slot = NULL;
    uint32_t at = LEDGER_NONE;
    enum result result;

    if (is_full(header))
        return reason_set(why, RESULT_FULL, "the ledger's journal is full");
    result = slot_get(ledger, account, wall_us, &at, need, why);
    if (result != RESULT_OK)
        return result;
    if (at != LEDGER_NONE) {
        slot = &ledger->slots[at];
        judge(ledger, slot, 1, charge, wall_us, verdict);
    }
    if (slot != NULL && verdict->exceeded != 0 && !account->shadow) {
        verdict->never = is_never(slot, charge);
        stand_all(ledger, slot, wall_us, verdict);
        return reason_set(why, RESULT_DENIED, "over a limit");
    }
    seat->call.started_us = wall_us;
    seat->over[0] = '\0';
    if (slot != NULL && verdict->exceeded != 0)
        name_exceeded(slot, verdict->exceeded, seat->over);
    ledger_begin(ledger, at, ledger->seat, 0);
    if (slot != NULL)
        count_call(ledger, slot, charge);
    seat_open(ledger, charge);
    ledger_commit(ledger);
    if (slot != NULL)
        stand_all(ledger, slot, wall_us, verdict);
    return RESULT_OK;
}

enum result ledger_admit(struct ledger *ledger, const struct ledger_account *account,
                         const struct call_row *call, int64_t charge,
                         struct ledger_verdict *verdict, struct ledger_need *need,
                         struct reason *why)
{
    enum result result = RESULT_OK;
    struct ledger_seat *seat;

    memset(verdict, 0, sizeof(*verdict));
    if (ledger->seat == LEDGER_NONE)
        result = ledger_sit(ledger, why);
    if (result != RESULT_OK)
        return result;
    seat = &ledger->seats[ledger->seat];
    if (ledger->in_hand)
        return reason_set(why, RESULT_BUSY, "there is a call in hand");
    if (seat->state == LEDGER_SEAT_OPEN) /* of one who sat here before and died */
        result = bury_one(ledger, ledger->seat, why);
    if (result != RESULT_OK)
        return result;
    seat->call = *call;
    memset(seat->call.account, 0, sizeof(seat->call.account));
    memcpy(seat->call.account, account->key, KEY_ID_LEN);
    result = ledger_lock(ledger, why);
    if (result != RESULT_OK)
        return result;
    result = admit(ledger, account, charge, verdict, need, why);
    ledger_unlock(ledger);
    ledger->in_hand = result == RESULT_OK;
    return result;
}

static enum result look(struct ledger *ledger, const struct ledger_account *account,
                        struct ledger_verdict *verdict, struct ledger_need *need,
                        struct reason *why)
{
    int64_t wall_us = ledger->clock.wall_us();
    enum result result;
    uint32_t at;

    result = slot_get(ledger, account, wall_us, &at, need, why);
    if (result != RESULT_OK)
        return result;
    judge(ledger, &ledger->slots[at], 1, 1, wall_us, verdict);
    stand_all(ledger, &ledger->slots[at], wall_us, verdict);
    return RESULT_OK;
}

enum result ledger_look(struct ledger *ledger, const struct ledger_account *account,
                        struct ledger_verdict *verdict, struct ledger_need *need,
                        struct reason *why)
{
    enum result result;

    memset(verdict, 0, sizeof(*verdict));
    if (account->limits->count == 0)
        return RESULT_OK;
    result = ledger_lock(ledger, why);
    if (result != RESULT_OK)
        return result;
    result = look(ledger, account, verdict, need, why);
    ledger_unlock(ledger);
    return result;
}

/* ---- charging more ---- */

static enum result charge_more(struct ledger *ledger, const struct ledger_account *account,
                               int64_t more, struct ledger_verdict *verdict, struct reason *why)
{
    struct ledger_seat *seat = &ledger->seats[ledger->seat];
    uint32_t at = ledger_slot_find(ledger, seat->call.account);
    struct ledger_slot *slot = at != LEDGER_NONE ? &ledger->slots[at] : NULL;
    bool known = slot != NULL && is_of_now(slot, call_day(seat->call.started_us));
    bool limited = known && (account->limits->count > 0 || slot->epoch > account->epoch);
    int64_t wall_us = ledger->clock.wall_us();

    if (!known && account->limits->count > 0)
        return reason_set(why, RESULT_BUSY, "the day of the call is over");
    if (limited)
        judge(ledger, slot, 0, more, wall_us, verdict);
    if (slot != NULL && verdict->exceeded != 0 && !account->shadow) {
        verdict->never = is_never(slot, seat->charged + more);
        stand_all(ledger, slot, wall_us, verdict);
        return reason_set(why, RESULT_DENIED, "over a limit");
    }
    ledger_begin(ledger, at, ledger->seat, 0);
    if (slot != NULL && verdict->exceeded != 0)
        name_exceeded(slot, verdict->exceeded, seat->over);
    slot_charge(ledger, at, seat->call.started_us, more);
    seat->charged += more;
    ledger_commit(ledger);
    if (limited)
        stand_all(ledger, slot, wall_us, verdict);
    return RESULT_OK;
}

enum result ledger_charge(struct ledger *ledger, const struct ledger_account *account,
                          int64_t more, struct ledger_verdict *verdict, struct reason *why)
{
    enum result result;

    memset(verdict, 0, sizeof(*verdict));
    if (!ledger->in_hand)
        return reason_set(why, RESULT_FAILED, "there is no call in hand to charge");
    result = ledger_lock(ledger, why);
    if (result != RESULT_OK)
        return result;
    result = charge_more(ledger, account, more, verdict, why);
    ledger_unlock(ledger);
    return result;
}
