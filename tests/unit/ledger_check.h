/*
 * ledger_check.h: what holds of a ledger whenever nobody is in it, whoever has died.
 *
 * Each check returns what is wrong, in words, or NULL.
 */
#ifndef TESTS_LEDGER_CHECK_H
#define TESTS_LEDGER_CHECK_H

#include "gate/ledger_file.h"
#include "ledger_help.h"

static char check_text[256];

#define CHECK(holds, ...)                                          \
    do {                                                           \
        if (!(holds)) {                                            \
            snprintf(check_text, sizeof(check_text), __VA_ARGS__); \
            return check_text;                                     \
        }                                                          \
    } while (0)

/* Every slot in use is in the one chain of its key, and every other in the free list. */
static inline const char *check_index(const struct ledger *ledger)
{
    const struct ledger_header *header = ledger->header;
    uint32_t used = 0, chained = 0, unused = 0;

    for (uint32_t i = 0; i < header->slots_high; i++) {
        used += ledger->slots[i].state == LEDGER_SLOT_USED;
        CHECK(ledger->slots[i].state != LEDGER_SLOT_USED ||
                  ledger_slot_find(ledger, ledger->slots[i].key) == i,
              "slot %u is not found by its key", i);
    }
    for (uint32_t i = 0; i < header->layout.heads; i++)
        for (uint32_t at = ledger->heads[i]; at != LEDGER_NONE; at = ledger->slots[at].next) {
            CHECK(at < header->slots_high, "chain %u leads to slot %u", i, at);
            CHECK(ledger->slots[at].state == LEDGER_SLOT_USED, "chain %u has a free slot", i);
            CHECK(++chained <= used, "a chain is a circle, or slots are in two");
        }
    CHECK(chained == used, "%u slots are used, %u are chained", used, chained);
    for (uint32_t at = header->free_slot; at != LEDGER_NONE; at = ledger->slots[at].next) {
        CHECK(at < header->slots_high, "the free list leads to slot %u", at);
        CHECK(ledger->slots[at].state == LEDGER_SLOT_FREE, "slot %u is not free", at);
        CHECK(++unused <= header->slots_high, "the free list is a circle");
    }
    CHECK(used + unused == header->slots_high, "%u slots used, %u free, of %u", used, unused,
          header->slots_high);
    return NULL;
}

/* A unit is taken by one ring or by none, and the bits say so. */
static inline const char *check_units(const struct ledger *ledger)
{
    const struct ledger_header *header = ledger->header;
    static uint64_t taken[4096];

    CHECK(header->layout.units / 64 <= 4096, "too many units for this check");
    memset(taken, 0, sizeof(taken));
    for (uint32_t i = 0; i < header->slots_high; i++) {
        const struct ledger_slot *slot = &ledger->slots[i];

        for (uint32_t k = 0; slot->state == LEDGER_SLOT_USED && k < slot->windows; k++) {
            uint32_t units =
                (slot->window[k].cells + LEDGER_UNIT_CELLS - 1) / LEDGER_UNIT_CELLS;

            for (uint32_t unit = slot->rings[k]; unit < slot->rings[k] + units; unit++) {
                CHECK(unit < header->layout.units, "slot %u has unit %u", i, unit);
                CHECK((taken[unit / 64] >> unit % 64 & 1) == 0, "unit %u is taken twice", unit);
                taken[unit / 64] |= UINT64_C(1) << unit % 64;
            }
        }
    }
    for (uint32_t i = 0; i < header->layout.units / 64; i++)
        CHECK(taken[i] == ledger->taken[i], "units %u to %u: used %llx, marked %llx", i * 64,
              i * 64 + 63, (unsigned long long)taken[i], (unsigned long long)ledger->taken[i]);
    return NULL;
}

/* A slot has a window for each of its rates. */
static inline const char *check_windows(const struct ledger *ledger)
{
    for (uint32_t i = 0; i < ledger->header->slots_high; i++) {
        const struct ledger_slot *slot = &ledger->slots[i];
        uint32_t rates = 0;

        if (slot->state != LEDGER_SLOT_USED)
            continue;
        while (rates < slot->limits.count && slot->limits.items[rates].kind == LIMIT_RATE)
            rates++;
        CHECK(slot->windows == rates, "slot %u has %u windows for %u rates", i, slot->windows,
              rates);
        for (uint32_t k = 0; k < rates; k++) {
            const struct window *window = &slot->window[k];

            CHECK(window->limit == slot->limits.items[k].count &&
                      window->span == (uint64_t)slot->limits.items[k].seconds * HELP_SECOND,
                  "slot %u: window %u is not of its rate", i, k);
            CHECK(window->tail <= window->n && window->n - window->tail <= window->limit,
                  "slot %u: window %u has %llu of %u", i, k,
                  (unsigned long long)(window->n - window->tail), window->limit);
        }
    }
    return NULL;
}

static inline const char *check_calls(const struct ledger *ledger)
{
    const struct ledger_header *header = ledger->header;
    uint32_t open = 0;

    for (uint32_t i = 0; i < LEDGER_SEATS; i++) {
        open += ledger->seats[i].state == LEDGER_SEAT_OPEN;
        CHECK(ledger->seats[i].state != LEDGER_SEAT_OPEN || i < header->seats_high,
              "seat %u has a call, and nobody looks past %u", i, header->seats_high);
    }
    CHECK(open == header->open, "%u calls in hand, it says %u", open, header->open);
    CHECK(header->drained <= help_drained_number() && help_drained_number() <= header->last,
          "drained %lld, in the database %lld, last %lld", (long long)header->drained,
          (long long)help_drained_number(), (long long)header->last);
    CHECK(header->last - header->drained + open < header->layout.journal,
          "no record is free: %lld to %lld, %u in hand", (long long)header->drained,
          (long long)header->last, open);
    for (int64_t seq = header->drained + 1; seq <= header->last; seq++) {
        const struct ledger_record *record = ledger_record_at(ledger, seq);

        CHECK(record->call.seq == seq, "record %lld has number %lld", (long long)seq,
              (long long)record->call.seq);
        CHECK(record->check == ledger_record_check(&record->call), "record %lld is torn",
              (long long)seq);
    }
    return NULL;
}

/* What all calls of a key in some days were charged, wherever they are. */
static inline int64_t check_charged(const struct ledger *ledger, const char *key, int64_t first,
                                    int64_t last)
{
    int64_t charged = 0;

    for (size_t i = 0; i < help->count; i++) {
        const struct call_row *call = &help->calls[i];
        int64_t day = call_day(call->started_us);

        if (memcmp(call->account, key, KEY_ID_LEN) == 0 && day >= first && day <= last)
            charged += call->charged;
    }
    for (int64_t seq = help_drained_number() + 1; seq <= ledger->header->last; seq++) {
        const struct call_row *call = ledger_call(ledger, seq);
        int64_t day = call_day(call->started_us);

        if (memcmp(call->account, key, KEY_ID_LEN) == 0 && day >= first && day <= last)
            charged += call->charged;
    }
    for (uint32_t i = 0; i < ledger->header->seats_high; i++) {
        const struct ledger_seat *seat = &ledger->seats[i];
        int64_t day = call_day(seat->call.started_us);

        if (seat->state == LEDGER_SEAT_OPEN &&
            memcmp(seat->call.account, key, KEY_ID_LEN) == 0 && day >= first && day <= last)
            charged += seat->charged;
    }
    return charged;
}

/* A month of which nothing is known ends before it begins. */
static inline const char *check_sums(const struct ledger *ledger)
{
    for (uint32_t i = 0; i < ledger->header->slots_high; i++) {
        const struct ledger_slot *slot = &ledger->slots[i];
        int64_t day, month;

        if (slot->state != LEDGER_SLOT_USED || slot->month.last < slot->month.first ||
            slot->doubt)
            continue;
        day = check_charged(ledger, slot->key, slot->day, slot->day);
        month = check_charged(ledger, slot->key, slot->month.first, slot->month.last);
        CHECK(slot->day_charged == day && slot->month_charged == month,
              "%.12s: day %lld of %lld, month %lld of %lld", slot->key,
              (long long)slot->day_charged, (long long)day, (long long)slot->month_charged,
              (long long)month);
    }
    return NULL;
}

static inline const char *check_all(const struct ledger *ledger)
{
    const char *wrong = NULL;

    CHECK(ledger->header->undo.valid == 0, "something is half done");
    CHECK(ledger->header->rebuild == 0, "the index is not made anew");
    wrong = check_index(ledger);
    if (wrong == NULL)
        wrong = check_units(ledger);
    if (wrong == NULL)
        wrong = check_windows(ledger);
    if (wrong == NULL)
        wrong = check_calls(ledger);
    return wrong != NULL ? wrong : check_sums(ledger);
}

#endif
