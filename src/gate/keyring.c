/*
 * keyring.c: the keys that a worker remembers.
 *
 * What it holds was read under one settled epoch; a look-up that finds another epoch
 * forgets all first.  Only keys that exist are remembered, so that strangers cannot
 * push them out by asking for others.
 */
#include "gate/key.h"

#include <stdlib.h>
#include <string.h>

enum {
    SETS = 128,
    WAYS = 4,
    HEAD_LEN = 3
};

/* What there is to know of a key at a call: its row, with all of its texts parsed. */
struct known {
    uint64_t used; /* when it was last looked up, in look-ups */
    char id[KEY_ID_LEN];
    uint8_t mac[KEY_MAC_BYTES];
    uint8_t mac_before[KEY_MAC_BYTES]; /* holds until before_until */
    int64_t before_until;
    int64_t ends_at; /* from when on it does not hold; 0 if it is revoked */
    unsigned scopes;
    enum tier_price price;
    bool shadow;
    struct limits limits;
    struct addr_list addresses;
    size_t size;   /* of all of this */
    char models[]; /* ended by a NUL */
};

enum {
    KNOWN_MAX = sizeof(struct known) + KEY_MODELS_MAX + 1
};

struct keyring {
    struct home *home;
    uint64_t epoch;
    uint64_t lookups;
    const struct known *current; /* the key of the last look-up, remembered or not */
    struct known *loose;         /* room for one that may not be remembered */
    struct known *sets[SETS][WAYS];
};

enum result keyring_new(struct home *home, struct keyring **out, struct reason *why)
{
    struct keyring *ring = calloc(1, sizeof(*ring));

    *out = ring;
    if (ring == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the keyring");
    ring->home = home;
    ring->epoch = epoch_read(home->epoch);
    ring->loose = calloc(1, KNOWN_MAX);
    if (ring->loose == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the keyring");
    return RESULT_OK;
}

static void forget_all(struct keyring *ring)
{
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++) {
            free(ring->sets[set][way]);
            ring->sets[set][way] = NULL;
        }
}

void keyring_free(struct keyring *ring)
{
    if (ring == NULL)
        return;
    forget_all(ring);
    free(ring->loose);
    free(ring);
}

/* Ids are random, so their own characters spread them. */
static struct known **set_of(struct keyring *ring, const char *id)
{
    unsigned hash = 0;

    for (size_t i = 0; i < 4; i++)
        hash = hash * 62 + (unsigned char)id[i];
    return ring->sets[hash % SETS];
}

static const struct known *recall(struct keyring *ring, const char *id)
{
    struct known **set = set_of(ring, id);

    for (size_t way = 0; way < WAYS; way++)
        if (set[way] != NULL && memcmp(set[way]->id, id, KEY_ID_LEN) == 0) {
            set[way]->used = ring->lookups;
            return set[way];
        }
    return NULL;
}

/* Keeps a copy in the place that was used longest ago; without memory, keeps none. */
static void remember(struct keyring *ring, const struct known *known)
{
    struct known **set = set_of(ring, known->id), **place = &set[0];
    struct known *copy = malloc(known->size);

    if (copy == NULL)
        return;
    memcpy(copy, known, known->size);
    copy->used = ring->lookups;
    for (size_t way = 0; way < WAYS; way++) {
        if (set[way] == NULL) {
            place = &set[way];
            break;
        }
        if (set[way]->used < (*place)->used)
            place = &set[way];
    }
    free(*place);
    *place = copy;
}

/*
 * Parses what the row of a key says; known has room for the longest.  A key that is revoked
 * needs no more than that: its tier may be gone.
 */
static enum result known_make(const struct key_row *row, struct known *known,
                              struct reason *why)
{
    size_t models = strlen(row->models) + 1;

    memset(known, 0, sizeof(*known));
    memcpy(known->id, row->id, KEY_ID_LEN);
    memcpy(known->mac, row->mac, sizeof(known->mac));
    memcpy(known->mac_before, row->mac_before, sizeof(known->mac_before));
    memcpy(known->models, row->models, models);
    known->size = sizeof(*known) + models;
    if (row->revoked_at != 0)
        return RESULT_OK;
    known->before_until = row->before_until;
    known->ends_at = row->expires_at != 0 ? row->expires_at : INT64_MAX;
    known->scopes = row->scopes;
    known->price = row->of_tier.price;
    known->shadow = row->of_tier.shadow;
    if (addr_list_parse(row->addresses, &known->addresses, NULL) != RESULT_OK ||
        (row->addresses[0] != '\0' && known->addresses.count == 0)) /* not: from anywhere */
        return reason_set(why, RESULT_MALFORMED,
                          "the addresses of key %s are none: mend it with forestgate key set",
                          row->id);
    return key_limits(row, &known->limits, why);
}

static enum result known_read(struct keyring *ring, const char *id, struct reason *why)
{
    struct key_row row;
    enum result result = key_row_get(ring->home->db, id, &row, why);

    if (result == RESULT_OK)
        result = known_make(&row, ring->loose, why);
    return result;
}

/* Finds the key of an id and makes it the current one. */
static enum result look_up(struct keyring *ring, const char id[KEY_ID_LEN + 1],
                           struct reason *why)
{
    uint64_t epoch = epoch_read(ring->home->epoch); /* before the database: see epoch.h */
    enum result result;

    ring->lookups++;
    if (epoch != ring->epoch) {
        forget_all(ring);
        ring->epoch = epoch;
    }
    ring->current = epoch_is_settled(epoch) ? recall(ring, id) : NULL;
    if (ring->current != NULL)
        return RESULT_OK;
    ring->current = ring->loose;
    result = known_read(ring, id, why);
    if (result == RESULT_OK && epoch_is_settled(epoch))
        remember(ring, ring->loose);
    return result;
}

/*
 * Whether this digest is one that the key is known by.  Both are compared whatever comes
 * out, so that the time does not tell which it was.
 */
static bool digest_holds(const struct known *known, const uint8_t mac[SECRET_MAC_BYTES],
                         int64_t now)
{
    unsigned is_this = secret_equal(mac, known->mac, SECRET_MAC_BYTES);
    unsigned is_before = secret_equal(mac, known->mac_before, SECRET_MAC_BYTES);
    unsigned before_holds = now < known->before_until;

    return (is_this | (is_before & before_holds)) != 0;
}

static void caller_fill(struct caller *out, const struct keyring *ring)
{
    const struct known *known = ring->current;

    out->models = known->models;
    out->addresses = &known->addresses;
    out->limits = &known->limits;
    out->price = known->price;
    out->shadow = known->shadow;
    out->scopes = known->scopes;
    out->epoch = ring->epoch;
}

enum result keyring_check(struct keyring *ring, const char *text, size_t len, int64_t now,
                          struct caller *out, struct reason *why)
{
    uint8_t mac[SECRET_MAC_BYTES];
    enum result result;
    bool holds;

    memset(out, 0, sizeof(*out));
    if (!key_text_valid(text, len))
        return reason_set(why, RESULT_DENIED, "not a key");
    memcpy(out->key_id, text + HEAD_LEN, KEY_ID_LEN);
    memcpy(out->mask, text, KEY_MASK_LEN - 3);
    memcpy(out->mask + KEY_MASK_LEN - 3, "...", 4);
    if (secret_mac_digest(ring->home->key_mac, text, len, mac) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
    result = look_up(ring, out->key_id, why);
    if (result != RESULT_OK)
        return result == RESULT_MISSING ? RESULT_DENIED : result;
    holds = digest_holds(ring->current, mac, now);
    if (!holds || now >= ring->current->ends_at)
        return reason_set(why, RESULT_DENIED, "not a key that holds");
    caller_fill(out, ring);
    return RESULT_OK;
}
