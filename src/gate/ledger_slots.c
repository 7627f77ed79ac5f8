/*
 * ledger_slots.c: where in the ledger a key is counted: chains by its id, a free list, and
 * the units that the rings of its windows take.
 *
 * The slots are the truth; chains, free list and used units follow from them and are made
 * anew by ledger_index_rebuild() if one who changed them has died.  When there is no room,
 * keys give way whose windows are empty: their quotas are read from the database again
 * when they come back.
 */
#include "gate/ledger_file.h"

#include <string.h>

static uint32_t *head_of(const struct ledger *ledger, const char *key)
{
    uint64_t a;
    uint32_t b;

    memcpy(&a, key, sizeof(a));
    memcpy(&b, key + sizeof(a), sizeof(b));
    a = (a ^ ((uint64_t)b << 32 | b)) * UINT64_C(0x9e3779b97f4a7c15);
    return &ledger->heads[(a >> 32) & (ledger->header->layout.heads - 1)];
}

uint32_t ledger_slot_find(const struct ledger *ledger, const char *key)
{
    uint32_t at = *head_of(ledger, key);

    while (at != LEDGER_NONE && memcmp(ledger->slots[at].key, key, KEY_ID_LEN) != 0)
        at = ledger->slots[at].next;
    return at;
}

/* ---- units ---- */

static uint32_t units_of(const struct window *window)
{
    return (window->cells + LEDGER_UNIT_CELLS - 1) / LEDGER_UNIT_CELLS;
}

static bool unit_is_taken(const struct ledger *ledger, uint32_t unit)
{
    return ledger->taken[unit / 64] >> unit % 64 & 1;
}

static void units_mark(struct ledger *ledger, uint32_t first, uint32_t count, bool taken)
{
    for (uint32_t unit = first; unit < first + count; unit++)
        if (taken)
            ledger->taken[unit / 64] |= UINT64_C(1) << unit % 64;
        else
            ledger->taken[unit / 64] &= ~(UINT64_C(1) << unit % 64);
}

static void rings_free(struct ledger *ledger, const struct ledger_slot *slot)
{
    for (uint32_t i = 0; i < slot->windows; i++)
        units_mark(ledger, slot->rings[i], units_of(&slot->window[i]), false);
}

/* The first run of so many free units in [from, to), or LEDGER_NONE. */
static uint32_t run_find(const struct ledger *ledger, uint32_t count, uint32_t from,
                         uint32_t to)
{
    uint32_t run = 0;

    for (uint32_t unit = from; unit < to; unit++) {
        if (unit % 64 == 0 && ledger->taken[unit / 64] == UINT64_MAX) {
            run = 0;
            unit += 63;
        } else if (unit_is_taken(ledger, unit)) {
            run = 0;
        } else if (++run == count) {
            return unit + 1 - count;
        }
    }
    return LEDGER_NONE;
}

static uint32_t units_take(struct ledger *ledger, uint32_t count)
{
    struct ledger_header *header = ledger->header;
    uint32_t units = header->layout.units, first;

    first = run_find(ledger, count, header->unit_hand, units);
    if (first == LEDGER_NONE)
        first = run_find(ledger, count, 0, units);
    if (first == LEDGER_NONE)
        return LEDGER_NONE;
    units_mark(ledger, first, count, true);
    header->unit_hand = first + count < units ? first + count : 0;
    return first;
}

/* ---- making the index anew ---- */

static void chain(struct ledger *ledger, uint32_t slot)
{
    uint32_t *head = head_of(ledger, ledger->slots[slot].key);

    ledger->slots[slot].next = *head;
    LEDGER_STEP();
    *head = slot;
}

static void unchain(struct ledger *ledger, uint32_t slot)
{
    uint32_t *at = head_of(ledger, ledger->slots[slot].key);

    while (*at != slot)
        at = &ledger->slots[*at].next;
    *at = ledger->slots[slot].next;
}

static void free_push(struct ledger *ledger, uint32_t slot)
{
    ledger->slots[slot].state = LEDGER_SLOT_FREE;
    LEDGER_STEP();
    ledger->slots[slot].next = ledger->header->free_slot;
    LEDGER_STEP();
    ledger->header->free_slot = slot;
}

void ledger_index_rebuild(struct ledger *ledger)
{
    struct ledger_header *header = ledger->header;

    memset(ledger->heads, 0xff, header->layout.heads * sizeof(uint32_t));
    memset(ledger->taken, 0, header->layout.units / 8);
    header->free_slot = LEDGER_NONE;
    for (uint32_t i = 0; i < header->slots_high; i++) {
        const struct ledger_slot *slot = &ledger->slots[i];

        LEDGER_STEP();
        if (slot->state != LEDGER_SLOT_USED) {
            free_push(ledger, i);
            continue;
        }
        chain(ledger, i);
        for (uint32_t k = 0; k < slot->windows; k++)
            units_mark(ledger, slot->rings[k], units_of(&slot->window[k]), true);
    }
}

/* ---- giving way ---- */

static bool is_idle(const struct ledger *ledger, struct ledger_slot *slot)
{
    uint64_t now = ledger->header->now;

    for (uint32_t i = 0; i < slot->windows; i++) {
        window_expire(&slot->window[i], ledger_ring(ledger, slot, i), now);
        if (window_count(&slot->window[i], now) > 0)
            return false;
    }
    return true;
}

static void evict(struct ledger *ledger, uint32_t at)
{
    struct ledger_slot *slot = &ledger->slots[at];

    ledger_index_begin(ledger);
    unchain(ledger, at);
    LEDGER_STEP();
    rings_free(ledger, slot);
    LEDGER_STEP();
    free_push(ledger, at);
    ledger_index_end(ledger);
}

/* Lets one idle key go, but never the one that room is wanted for.  False: there is none. */
static bool evict_one(struct ledger *ledger, uint32_t keep)
{
    struct ledger_header *header = ledger->header;

    for (uint32_t i = 0; i < header->slots_high; i++) {
        uint32_t at = header->slot_hand < header->slots_high ? header->slot_hand : 0;
        struct ledger_slot *slot = &ledger->slots[at];

        header->slot_hand = at + 1;
        if (at != keep && slot->state == LEDGER_SLOT_USED && is_idle(ledger, slot)) {
            evict(ledger, at);
            return true;
        }
    }
    return false;
}

uint32_t ledger_slot_make(struct ledger *ledger, const char *key)
{
    struct ledger_header *header = ledger->header;
    struct ledger_slot *slot;
    uint32_t at;

    if (header->free_slot == LEDGER_NONE && header->slots_high == header->layout.slots &&
        !evict_one(ledger, LEDGER_NONE))
        return LEDGER_NONE;
    ledger_index_begin(ledger);
    at = header->free_slot;
    if (at != LEDGER_NONE)
        header->free_slot = ledger->slots[at].next;
    else
        at = header->slots_high++;
    LEDGER_STEP();
    slot = &ledger->slots[at];
    memset(slot, 0, sizeof(*slot));
    memcpy(slot->key, key, KEY_ID_LEN);
    slot->month.last = -1; /* no day is in it: nothing is known yet */
    LEDGER_STEP();
    slot->state = LEDGER_SLOT_USED;
    LEDGER_STEP();
    chain(ledger, at);
    ledger_index_end(ledger);
    return at;
}

/* ---- limits ---- */

/* The window of the slot that has this span, or -1. */
static int window_of_span(const struct ledger_slot *slot, uint64_t span)
{
    for (uint32_t i = 0; i < slot->windows; i++)
        if (slot->window[i].span == span)
            return (int)i;
    return -1;
}

static enum result ring_take(struct ledger *ledger, uint32_t slot, const struct window *window,
                             uint32_t *ring, struct reason *why)
{
    *ring = units_take(ledger, units_of(window));
    while (*ring == LEDGER_NONE && evict_one(ledger, slot))
        *ring = units_take(ledger, units_of(window));
    if (*ring != LEDGER_NONE)
        return RESULT_OK;
    return reason_set(
        why, RESULT_FULL,
        "the ledger has no room for the windows of one key more: raise ledger_size");
}

/* ---- what happened before ---- */

/* Counts a call at an instant: they come in their order but for a clock that was set. */
static void remember(struct window *window, uint64_t *ring, uint64_t at, uint64_t *latest)
{
    if (at < *latest)
        at = *latest;
    *latest = at;
    window_add_many(window, ring, at, 1);
}

/* A look at both clocks, at the wall's first. */
struct now {
    int64_t wall_us;
    uint64_t instant;
};

/*
 * The instant of a wall time, which is given in whole microseconds: not one that is older
 * than it was, however long this process was put aside between the two looks.  What is
 * ahead of the clock is now.
 */
static uint64_t instant_of(const struct ledger *ledger, int64_t wall_us, const struct now *now)
{
    uint64_t latest = ledger->header->now, ago, at;

    if (wall_us + 1 >= now->wall_us)
        return latest;
    ago = (uint64_t)(now->wall_us - wall_us - 1) * 1000;
    at = ago < now->instant ? now->instant - ago : 0;
    return at < latest ? at : latest;
}

/*
 * Fills a window with the calls of a key that are known: those in the database, those in the
 * journal that it does not have, those in hand.  If the database had more than it told, the
 * window is full as of the oldest that it told.
 */
static void window_fill(const struct ledger *ledger, const char *key,
                        const struct ledger_known *known, struct window *window, uint64_t *ring)
{
    const struct ledger_header *header = ledger->header;
    struct now now = {.wall_us = ledger->clock.wall_us()};
    uint64_t latest = 0;

    now.instant = ledger_instant(ledger);
    if (known->cut && known->start_count > 0)
        window_add_many(window, ring,
                        instant_of(ledger, known->starts[known->start_count - 1], &now),
                        window->limit);
    for (size_t i = known->start_count; i-- > 0;)
        remember(window, ring, instant_of(ledger, known->starts[i], &now), &latest);
    for (int64_t seq = known->up_to + 1; seq <= header->last; seq++) {
        const struct call_row *call = ledger_call(ledger, seq);

        if (memcmp(call->account, key, KEY_ID_LEN) == 0)
            remember(window, ring, instant_of(ledger, call->started_us, &now), &latest);
    }
    for (uint32_t i = 0; i < header->seats_high; i++)
        if (ledger->seats[i].state == LEDGER_SEAT_OPEN &&
            memcmp(ledger->seats[i].call.account, key, KEY_ID_LEN) == 0)
            remember(window, ring, ledger->seats[i].since, &latest);
    window_expire(window, ring, header->now);
}

/* Makes the windows of the new limits in next, and their rings; what was is read only. */
static enum result windows_make(struct ledger *ledger, uint32_t at, const struct limits *limits,
                                const struct ledger_known *known, struct ledger_slot *next,
                                struct reason *why)
{
    const struct ledger_slot *slot = &ledger->slots[at];

    next->windows = 0;
    for (size_t i = 0; i < limits->count && limits->items[i].kind == LIMIT_RATE; i++) {
        uint64_t span = (uint64_t)limits->items[i].seconds * LEDGER_SECOND_NS;
        struct window *window = &next->window[i];
        int old = window_of_span(slot, span);
        enum result result;

        window_make(window, (uint32_t)limits->items[i].count, span, WINDOW_CELLS_MAX);
        result = ring_take(ledger, at, window, &next->rings[i], why);
        if (result != RESULT_OK)
            return result;
        next->windows++;
        if (old >= 0)
            window_carry(window, ledger_ring(ledger, next, i), &slot->window[old],
                         ledger_ring(ledger, slot, (size_t)old), ledger->header->now);
        else
            window_fill(ledger, slot->key, known, window, ledger_ring(ledger, next, i));
    }
    return RESULT_OK;
}

bool ledger_slot_has_spans(const struct ledger_slot *slot, const struct limits *limits)
{
    for (size_t i = 0; i < limits->count && limits->items[i].kind == LIMIT_RATE; i++)
        if (window_of_span(slot, (uint64_t)limits->items[i].seconds * LEDGER_SECOND_NS) < 0)
            return false;
    return true;
}

enum result ledger_slot_limit(struct ledger *ledger, uint32_t at,
                              const struct ledger_account *account,
                              const struct ledger_known *known, struct reason *why)
{
    struct ledger_slot next = ledger->slots[at], was = next;
    enum result result;

    ledger_index_begin(ledger);
    result = windows_make(ledger, at, account->limits, known, &next, why);
    /* Evictions that made room may have changed the chain that the slot is in. */
    next.next = ledger->slots[at].next;
    if (result == RESULT_OK) {
        next.limits = *account->limits;
        next.epoch = account->epoch;
        ledger_begin(ledger, at, LEDGER_NONE, 0);
        ledger->slots[at] = next;
        ledger_commit(ledger);
        rings_free(ledger, &was);
    } else {
        rings_free(ledger, &next);
    }
    ledger_index_end(ledger);
    return result;
}
