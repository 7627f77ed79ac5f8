/*
 * ledger_address.c: how often an address has asked.
 *
 * A fixed table of sets of LEDGER_WAYS; in a full set the address that was quiet for
 * longest gives way.  Its place follows from a secret number, so that nobody can choose
 * addresses that push out a given one.  One request is one window_add(), which happens or
 * does not, so nothing here has to be undone.
 */
#include <string.h>

#include "gate/ledger_file.h"

enum {
    IPV6_PREFIX_BYTES = 8, /* one customer has a /64 at least, RFC 6177 */
    MAPPED_BYTES = 12
};

static void prefix_of(const struct addr *address, uint8_t out[16])
{
    static const uint8_t mapped[MAPPED_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memcpy(out, address->bytes, 16);
    if (memcmp(out, mapped, sizeof(mapped)) != 0)
        memset(out + IPV6_PREFIX_BYTES, 0, 16 - IPV6_PREFIX_BYTES);
}

/* Each bit of the result depends on each bit of x: the finalizer of SplitMix64 (D. Stafford).
 */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static struct ledger_watched *set_of(const struct ledger *ledger, const uint8_t prefix[16],
                                     uint32_t used)
{
    uint64_t a, b, hash;

    memcpy(&a, prefix, sizeof(a));
    memcpy(&b, prefix + sizeof(a), sizeof(b));
    hash = mix(mix(mix(a ^ ledger->header->address_seed) ^ b) + used);
    return ledger->watched +
           (hash & (ledger->header->layout.watched / LEDGER_WAYS - 1)) * LEDGER_WAYS;
}

static struct ledger_watched *watched_get(struct ledger *ledger, const uint8_t prefix[16],
                                          uint32_t used, const struct rate *rate)
{
    struct ledger_watched *set = set_of(ledger, prefix, used), *place = &set[0];

    for (size_t way = 0; way < LEDGER_WAYS; way++) {
        struct ledger_watched *at = &set[way];

        if (at->used == used && memcmp(at->prefix, prefix, sizeof(at->prefix)) == 0 &&
            at->rate.count == rate->count && at->rate.seconds == rate->seconds)
            return at;
        if (place->used != 0 && (at->used == 0 || at->last < place->last))
            place = at;
    }
    place->used = 0;
    LEDGER_STEP();
    memcpy(place->prefix, prefix, sizeof(place->prefix));
    place->rate = *rate;
    place->last = ledger->header->now;
    window_make(&place->window, (uint32_t)rate->count,
                (uint64_t)rate->seconds * LEDGER_SECOND_NS, LEDGER_ADDRESS_CELLS);
    LEDGER_STEP();
    place->used = used;
    return place;
}

static enum result watch(struct ledger *ledger, const uint8_t prefix[16], uint32_t used,
                         const struct rate *rate, struct ledger_verdict *verdict,
                         struct reason *why)
{
    uint64_t now = ledger->header->now;
    struct ledger_watched *watched = watched_get(ledger, prefix, used, rate);
    struct ledger_standing *standing = &verdict->standings[0];
    struct window *window = &watched->window;
    enum result result = RESULT_OK;

    watched->last = now;
    window_expire(window, watched->ring, now);
    if (window_remaining(window, now) > 0) {
        window_add(window, watched->ring, now);
    } else {
        verdict->exceeded = 1;
        verdict->retry_s = ledger_seconds_up(window_wait(window, watched->ring, now));
        result = reason_set(why, RESULT_DENIED, "over the address's rate");
    }
    verdict->count = 1;
    standing->limit = (struct limit){LIMIT_RATE, rate->count, rate->seconds};
    standing->window_s = rate->seconds;
    standing->remaining = (int64_t)window_remaining(window, now);
    standing->reset_s = ledger_seconds_up(window_next(window, watched->ring, now));
    return result;
}

enum result ledger_address(struct ledger *ledger, enum ledger_watch what,
                           const struct addr *address, const struct rate *rate,
                           struct ledger_verdict *verdict, struct reason *why)
{
    uint8_t prefix[16];
    enum result result;

    memset(verdict, 0, sizeof(*verdict));
    if (rate->count == 0)
        return RESULT_OK;
    prefix_of(address, prefix);
    result = ledger_lock(ledger, why);
    if (result != RESULT_OK)
        return result;
    result = watch(ledger, prefix, 1 + (uint32_t)what, rate, verdict, why);
    ledger_unlock(ledger);
    return result;
}
