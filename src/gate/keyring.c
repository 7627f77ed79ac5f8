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

struct remembered {
    struct key_row *row; /* NULL: free */
    uint64_t used;       /* when it was last looked up, in look-ups */
};

struct keyring {
    struct home *home;
    uint64_t epoch;
    uint64_t lookups;
    struct key_row *current; /* the row of the last look-up, remembered or not */
    struct key_row loose;    /* for a row that may not be remembered */
    struct remembered sets[SETS][WAYS];
};

enum result keyring_new(struct home *home, struct keyring **out, struct reason *why)
{
    struct keyring *ring = calloc(1, sizeof(*ring));

    *out = ring;
    if (ring == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the keyring");
    ring->home = home;
    ring->epoch = epoch_read(home->epoch);
    return RESULT_OK;
}

static void forget_all(struct keyring *ring)
{
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++) {
            free(ring->sets[set][way].row);
            ring->sets[set][way].row = NULL;
        }
}

void keyring_free(struct keyring *ring)
{
    if (ring == NULL)
        return;
    forget_all(ring);
    free(ring);
}

/* Ids are random, so their own characters spread them. */
static struct remembered *set_of(struct keyring *ring, const char *id)
{
    unsigned hash = 0;

    for (size_t i = 0; i < 4; i++)
        hash = hash * 62 + (unsigned char)id[i];
    return ring->sets[hash % SETS];
}

static struct key_row *recall(struct keyring *ring, const char *id)
{
    struct remembered *set = set_of(ring, id);

    for (size_t way = 0; way < WAYS; way++)
        if (set[way].row != NULL && memcmp(set[way].row->id, id, KEY_ID_LEN) == 0) {
            set[way].used = ring->lookups;
            return set[way].row;
        }
    return NULL;
}

/* Keeps a copy in the place that was used longest ago; without memory, keeps none. */
static void remember(struct keyring *ring, const struct key_row *row)
{
    struct remembered *set = set_of(ring, row->id), *place = &set[0];
    struct key_row *copy;

    for (size_t way = 0; way < WAYS; way++) {
        if (set[way].row == NULL) {
            place = &set[way];
            break;
        }
        if (set[way].used < place->used)
            place = &set[way];
    }
    copy = place->row != NULL ? place->row : malloc(sizeof(*copy));
    if (copy == NULL)
        return;
    *copy = *row;
    place->row = copy;
    place->used = ring->lookups;
}

static enum result row_of(struct keyring *ring, const char id[KEY_ID_LEN + 1],
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
    ring->current = &ring->loose;
    result = key_row_get(ring->home->db, id, &ring->loose, why);
    if (result == RESULT_OK && epoch_is_settled(epoch))
        remember(ring, &ring->loose);
    return result;
}

enum result keyring_check(struct keyring *ring, const char *text, size_t len, int64_t now,
                          struct caller *out, struct reason *why)
{
    uint8_t mac[SECRET_MAC_BYTES];
    const struct key_row *row;
    enum result result;
    bool same;

    memset(out, 0, sizeof(*out));
    if (!key_text_valid(text, len))
        return reason_set(why, RESULT_DENIED, "not a key");
    memcpy(out->key_id, text + HEAD_LEN, KEY_ID_LEN);
    memcpy(out->mask, text, KEY_MASK_LEN - 3);
    memcpy(out->mask + KEY_MASK_LEN - 3, "...", 4);
    if (secret_mac_digest(ring->home->key_mac, text, len, mac) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
    result = row_of(ring, out->key_id, why);
    if (result != RESULT_OK)
        return result == RESULT_MISSING ? RESULT_DENIED : result;
    row = ring->current;
    same = secret_equal(mac, row->mac, sizeof(mac));
    if (!same || key_state_at(row, now) != KEY_ACTIVE)
        return reason_set(why, RESULT_DENIED, "not a key that holds");
    out->models = row->models;
    return RESULT_OK;
}
