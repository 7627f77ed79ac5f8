/*
 * keyring.c: the keys and sessions that a worker remembers.
 *
 * What it holds was read under one settled epoch; a look-up that finds another epoch
 * forgets all first.  Only keys and sessions that exist are remembered, so that strangers
 * cannot push them out by asking for others.
 */
#include "gate/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "gate/key.h"
#include "gate/tier.h"
#include "gate/token.h"

enum {
    SETS = 128,
    WAYS = 4,
    HEAD_LEN = 3,
    USER_SCOPES = KEY_SCOPE_PREDICT | KEY_SCOPE_JOBS | KEY_SCOPE_READ,
    ADMIN_SCOPES = KEY_SCOPE_ADMIN | KEY_SCOPE_METRICS /* what tells of everybody */
};

_Static_assert((int)TOKEN_SUBJECT_LEN == (int)USER_ID_LEN, "a subject is an account");
_Static_assert((int)TOKEN_ID_LEN == (int)SESSION_ID_LEN, "a token names a session");
_Static_assert((int)TOKEN_NAME_MAX == (int)CALLER_NAME_MAX, "a caller has a token's name");
_Static_assert((int)KEY_MASK_LEN <= (int)CALLER_MASK_MAX, "a key's mask is one of a caller");
_Static_assert((int)CONFIG_WORDS_MAX <= (int)KEY_MODELS_MAX, "jwks_models is a list of models");

/*
 * What there is to know of a key or a session at a call: its row and its user's, with all of
 * their texts parsed.  The ids of the two have not the same length.
 */
struct known {
    uint64_t used; /* when it was last looked up, in look-ups */
    char id[SESSION_ID_LEN + 1];
    char user[USER_ID_LEN + 1]; /* whose it is; empty: nobody's */
    uint8_t mac[KEY_MAC_BYTES];
    uint8_t mac_before[KEY_MAC_BYTES]; /* holds until before_until */
    int64_t before_until;
    int64_t ends_at; /* from when on it does not hold; 0 if it never does */
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
    struct tokens *tokens;
    uint64_t tokens_epoch; /* under which their keys were read */
    uint64_t epoch;
    uint64_t lookups;
    const struct known *current; /* of the last look-up, remembered or not */
    struct known *loose;         /* room for one that may not be remembered */
    struct known *outside;       /* what all may who come from outside; NULL: not read */
    struct known *sets[SETS][WAYS];
};

enum result keyring_new(struct home *home, struct tokens *tokens, struct keyring **out,
                        struct reason *why)
{
    struct keyring *ring = calloc(1, sizeof(*ring));

    *out = ring;
    if (ring == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the keyring");
    ring->home = home;
    ring->tokens = tokens;
    ring->epoch = epoch_read(home->epoch);
    ring->tokens_epoch = ring->epoch - 1; /* another: they were read before it */
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
    free(ring->outside);
    ring->outside = NULL;
}

void keyring_free(struct keyring *ring)
{
    if (ring == NULL)
        return;
    forget_all(ring);
    free(ring->loose);
    free(ring);
}

/* ---- remembering ---- */

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
        if (set[way] != NULL && strcmp(set[way]->id, id) == 0) {
            set[way]->used = ring->lookups;
            return set[way];
        }
    return NULL;
}

/* A copy as large as it has to be; NULL without memory. */
static struct known *known_copy(const struct known *known)
{
    struct known *copy = malloc(known->size);

    if (copy != NULL)
        memcpy(copy, known, known->size);
    return copy;
}

/* Keeps a copy in the place that was used longest ago; without memory, keeps none. */
static void remember(struct keyring *ring, const struct known *known)
{
    struct known **set = set_of(ring, known->id), **place = &set[0];
    struct known *copy = known_copy(known);

    if (copy == NULL)
        return;
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

/* ---- reading ---- */

/* Makes it of this id, with room for a list of models that is as long as can be. */
static void known_start(struct known *known, const char *id, const char *user)
{
    memset(known, 0, KNOWN_MAX);
    text_copy(known->id, sizeof(known->id), id);
    text_copy(known->user, sizeof(known->user), user);
    known->size = sizeof(*known) + 1;
}

static void known_set_tier(struct known *known, const struct tier_row *tier)
{
    known->price = tier->price;
    known->shadow = tier->shadow;
}

static void known_set_models(struct known *known, const char *models)
{
    text_copy(known->models, KEY_MODELS_MAX + 1, models);
    known->size = sizeof(*known) + strlen(known->models) + 1;
}

/* The models that both lists have, in the order of the first. */
static void known_set_models_of_both(struct known *known, const char *models, const char *other)
{
    size_t put = 0;

    if (strcmp(models, "*") == 0 || strcmp(other, "*") == 0) {
        known_set_models(known, strcmp(models, "*") == 0 ? other : models);
        return;
    }
    while (*models != '\0') {
        size_t len = strcspn(models, ",");

        if (key_models_have(other, models, len)) {
            if (put > 0)
                known->models[put++] = ',';
            memcpy(known->models + put, models, len);
            put += len;
        }
        models += len + (models[len] == ',');
    }
    known->models[put] = '\0';
    known->size = sizeof(*known) + put + 1;
}

/* What the owner takes from a key. */
static void known_set_owner(struct known *known, const struct key_row *row)
{
    const struct key_owner *owner = &row->owner;

    if (owner->id[0] == '\0') {
        known_set_models(known, row->models);
        return;
    }
    known_set_models_of_both(known, row->models, owner->models);
    if (!owner->active)
        known->ends_at = 0;
    if (owner->role != USER_ROLE_ADMIN)
        known->scopes &= ~(unsigned)ADMIN_SCOPES;
}

/*
 * Parses what the row of a key says.  A key that is revoked needs no more than that: its tier
 * may be gone.
 */
static enum result known_of_key(const struct key_row *row, struct known *known,
                                struct reason *why)
{
    known_start(known, row->id, row->owner.id);
    memcpy(known->mac, row->mac, sizeof(known->mac));
    memcpy(known->mac_before, row->mac_before, sizeof(known->mac_before));
    if (row->revoked_at != 0)
        return RESULT_OK;
    known->before_until = row->before_until;
    known->ends_at = row->expires_at != 0 ? row->expires_at : INT64_MAX;
    known->scopes = row->scopes;
    known_set_owner(known, row);
    known_set_tier(known, &row->of_tier);
    if (addr_list_parse(row->addresses, &known->addresses, NULL) != RESULT_OK ||
        (row->addresses[0] != '\0' && known->addresses.count == 0)) /* not: from anywhere */
        return reason_set(why, RESULT_MALFORMED,
                          "the addresses of key %s are none: mend it with forestgate key set",
                          row->id);
    return key_limits(row, &known->limits, why);
}

static enum result key_read(struct keyring *ring, const char *id, struct reason *why)
{
    struct key_row row;
    enum result result = key_row_get(ring->home->db, id, &row, why);

    if (result == RESULT_OK)
        result = known_of_key(&row, ring->loose, why);
    return result;
}

/* A session may what its user may. */
static enum result session_read(struct keyring *ring, const char *id, struct reason *why)
{
    struct known *known = ring->loose;
    struct session_caller row;
    enum result result = session_caller_get(ring->home->db, id, &row, why);

    if (result != RESULT_OK)
        return result;
    known_start(known, id, row.user.id);
    known->ends_at = row.user.active ? row.expires_at : 0;
    known->scopes = USER_SCOPES;
    if (row.user.role == USER_ROLE_ADMIN)
        known->scopes |= ADMIN_SCOPES;
    known_set_models(known, row.user.models);
    known_set_tier(known, &row.of_tier);
    return tier_limits(&row.of_tier, &known->limits, why);
}

/* What all may who come with a token of the outside issuer, as the settings have it. */
static enum result outside_read(struct keyring *ring, struct reason *why)
{
    const struct config *config = &ring->home->config;
    struct known *known = ring->loose;
    struct tier_row tier;
    enum result result = tier_row_get(ring->home->db, config->jwks_tier, &tier, why);

    if (result == RESULT_MISSING)
        return reason_set(why, RESULT_MALFORMED,
                          "the tier \"%s\" of jwks_tier is not there: make it with forestgate "
                          "tier set",
                          config->jwks_tier);
    if (result != RESULT_OK)
        return result;
    known_start(known, "", "");
    known->ends_at = INT64_MAX;
    known->scopes = USER_SCOPES;
    known_set_models(known, config->jwks_models);
    known_set_tier(known, &tier);
    return tier_limits(&tier, &known->limits, why);
}

/* ---- looking up ---- */

/* Forgets what may not hold any more.  To be called before anything is looked up. */
static void turn(struct keyring *ring)
{
    uint64_t epoch = epoch_read(ring->home->epoch); /* before the database: see epoch.h */

    ring->lookups++;
    if (epoch == ring->epoch)
        return;
    forget_all(ring);
    ring->epoch = epoch;
}

/* Makes the one of this id the current one, which is read if it is not remembered. */
static enum result look_up(struct keyring *ring, const char *id,
                           enum result (*read)(struct keyring *ring, const char *id,
                                               struct reason *why),
                           struct reason *why)
{
    enum result result;

    ring->current = epoch_is_settled(ring->epoch) ? recall(ring, id) : NULL;
    if (ring->current != NULL)
        return RESULT_OK;
    ring->current = ring->loose;
    result = read(ring, id, why);
    if (result == RESULT_OK && epoch_is_settled(ring->epoch))
        remember(ring, ring->loose);
    return result;
}

static enum result look_up_outside(struct keyring *ring, struct reason *why)
{
    enum result result;

    ring->current = ring->outside;
    if (ring->current != NULL)
        return RESULT_OK;
    ring->current = ring->loose;
    result = outside_read(ring, why);
    if (result == RESULT_OK && epoch_is_settled(ring->epoch))
        ring->outside = known_copy(ring->loose);
    return result;
}

/* ---- checking ---- */

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

/* What the current one may; the account is whoever it is counted for. */
static void caller_fill(struct caller *out, const struct keyring *ring, const char *account)
{
    const struct known *known = ring->current;

    text_copy(out->account, sizeof(out->account), account);
    text_copy(out->user, sizeof(out->user), known->user);
    out->models = known->models;
    out->addresses = &known->addresses;
    out->limits = &known->limits;
    out->price = known->price;
    out->shadow = known->shadow;
    out->scopes = known->scopes;
    out->admin = (known->scopes & KEY_SCOPE_ADMIN) != 0;
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
    key_mask_print(out->mask, out->key_id);
    if (secret_mac_digest(ring->home->key_mac, text, len, mac) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
    turn(ring);
    result = look_up(ring, out->key_id, key_read, why);
    if (result != RESULT_OK)
        return result == RESULT_MISSING ? RESULT_DENIED : result;
    holds = digest_holds(ring->current, mac, now);
    if (!holds || now >= ring->current->ends_at)
        return reason_set(why, RESULT_DENIED, "not a key that holds");
    caller_fill(out, ring, ring->current->user[0] != '\0' ? ring->current->user : out->key_id);
    return RESULT_OK;
}

/* What a token says, by keys that are read anew under a new epoch if they were replaced. */
static enum result claims_get(struct keyring *ring, const char *text, size_t len, int64_t now,
                              struct token_claims *claims, struct reason *why)
{
    enum result result;

    if (ring->tokens_epoch != ring->epoch) {
        result = tokens_refresh(ring->tokens, why);
        if (result != RESULT_OK) /* which is not the token's fault */
            return result == RESULT_DENIED ? RESULT_FAILED : result;
        ring->tokens_epoch = ring->epoch;
    }
    return token_check(ring->tokens, text, len, now, claims, why);
}

static enum result check_outside(struct keyring *ring, const struct token_claims *claims,
                                 struct caller *out, struct reason *why)
{
    enum result result = look_up_outside(ring, why);

    if (result != RESULT_OK)
        return result;
    out->way = CALLER_OUTSIDE;
    text_copy(out->name, sizeof(out->name), claims->name);
    caller_fill(out, ring, claims->subject);
    if (claims->admin)
        out->scopes |= ADMIN_SCOPES;
    out->admin = claims->admin;
    return RESULT_OK;
}

static enum result check_session(struct keyring *ring, const struct token_claims *claims,
                                 int64_t now, struct caller *out, struct reason *why)
{
    enum result result = look_up(ring, claims->session, session_read, why);

    if (result != RESULT_OK)
        return result == RESULT_MISSING ? RESULT_DENIED : result;
    if (now >= ring->current->ends_at || strcmp(ring->current->user, claims->subject) != 0)
        return reason_set(why, RESULT_DENIED, "not a session that holds");
    out->way = CALLER_TOKEN;
    text_copy(out->session, sizeof(out->session), claims->session);
    caller_fill(out, ring, claims->subject);
    return RESULT_OK;
}

enum result keyring_check_token(struct keyring *ring, const char *text, size_t len, int64_t now,
                                struct caller *out, struct reason *why)
{
    struct token_claims claims;
    enum result result;

    memset(out, 0, sizeof(*out));
    if (ring->tokens == NULL)
        return reason_set(why, RESULT_DENIED, "no token holds here");
    turn(ring);
    result = claims_get(ring, text, len, now, &claims, why);
    if (result != RESULT_OK)
        return result;
    text_print(out->mask, sizeof(out->mask), "%s:%.4s...", claims.outside ? "outside" : "user",
               claims.subject);
    return claims.outside ? check_outside(ring, &claims, out, why)
                          : check_session(ring, &claims, now, out, why);
}
