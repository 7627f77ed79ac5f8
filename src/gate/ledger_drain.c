/*
 * ledger_drain.c: the ledger as those see it who bring its journal into the database.
 */
#include "gate/ledger_file.h"

void ledger_state(const struct ledger *ledger, struct ledger_state *out)
{
    const struct ledger_header *header = ledger->header;

    out->last = __atomic_load_n(&header->last, __ATOMIC_ACQUIRE);
    out->drained = __atomic_load_n(&header->drained, __ATOMIC_RELAXED);
    out->drained_at = __atomic_load_n(&header->drained_at, __ATOMIC_RELAXED);
    out->refused_at = __atomic_load_n(&header->refused_at, __ATOMIC_RELAXED);
    out->open = __atomic_load_n(&header->open, __ATOMIC_RELAXED);
    out->journal = header->layout.journal;
}

uint64_t ledger_instant(const struct ledger *ledger)
{
    return ledger->clock.instant() + LEDGER_PAST_NS;
}

enum result ledger_pending(struct ledger *ledger, int64_t *from, int64_t *last,
                           struct reason *why)
{
    enum result result = ledger_lock(ledger, why);

    if (result != RESULT_OK)
        return result;
    *from = ledger->header->drained;
    *last = ledger->header->last;
    ledger_unlock(ledger);
    return RESULT_OK;
}

const struct call_row *ledger_call(const struct ledger *ledger, int64_t seq)
{
    return &ledger_record_at(ledger, seq)->call;
}

enum result ledger_drained(struct ledger *ledger, int64_t seq, struct reason *why)
{
    struct ledger_header *header = ledger->header;
    enum result result = ledger_lock(ledger, why);

    if (result != RESULT_OK)
        return result;
    if (seq >= header->drained) {
        __atomic_store_n(&header->drained, seq, __ATOMIC_RELEASE);
        __atomic_store_n(&header->drained_at, header->now, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&header->refused_at, seq >= 0 ? 0 : header->now, __ATOMIC_RELAXED);
    ledger_unlock(ledger);
    return RESULT_OK;
}
