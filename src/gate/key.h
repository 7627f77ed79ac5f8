/*
 * key.h: API keys.
 *
 *     fg_<id>_<secret>_<check>      12, 43 and 6 characters of 0-9 A-Z a-z
 *
 * The id is public.  The secret has 256 random bits.  The check is the CRC-32 of what is
 * before it, so that a typo or junk never reaches the database.  What is stored is the
 * HMAC-SHA-256 of the whole key under the home's secret; the key itself is shown once.
 */
#ifndef GATE_KEY_H
#define GATE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "gate/home.h"
#include "store/keys.h"

enum {
    KEY_SECRET_LEN = 43,
    KEY_CHECK_LEN = 6,
    KEY_TEXT_LEN = 3 + KEY_ID_LEN + 1 + KEY_SECRET_LEN + 1 + KEY_CHECK_LEN,
    KEY_MASK_LEN = 10, /* fg_ab12... */
};

/* Whether a text is of the form of a key and its check is right.  Asks nobody. */
bool key_text_valid(const char *text, size_t len);

/*
 * The id that a person means who gives an id or, found somewhere perhaps, a whole key.
 * RESULT_INVALID, with nothing of the text in the reason, if it is neither.
 */
enum result key_id_read(const char *text, char id[KEY_ID_LEN + 1], struct reason *why);

/*
 * Makes a key.  models is "*" or published models separated by commas; expires_at is
 * seconds since 1970 or 0 for never.  text receives the key, which the caller shows
 * once and wipes.  RESULT_INVALID if a name or a model is not allowed.
 */
enum result key_create(struct home *home, const char *name, const char *models,
                       int64_t expires_at, char text[KEY_TEXT_LEN + 1], struct key_row *row,
                       struct reason *why);

/* Revokes it: no worker admits it from the return on. */
enum result key_revoke(struct home *home, const char *id, struct reason *why);

enum key_state {
    KEY_ACTIVE,
    KEY_EXPIRED,
    KEY_REVOKED,
    KEY_STATE__MAX
};

/* At a time in seconds since 1970; and as a word: "active", "expired", "revoked". */
enum key_state key_state_at(const struct key_row *row, int64_t now);
const char *key_state_name(enum key_state state);

/* Whether a list of a key's models has this one. */
bool key_models_have(const char *models, const char *model, size_t len);

/* Who calls. */
struct caller {
    char mask[KEY_MASK_LEN + 1]; /* fg_ab12..., for logs */
    char key_id[KEY_ID_LEN + 1];
    const char *models; /* the keyring's; until its next use */
};

/*
 * The keys that a worker remembers, so that a call with a known key asks the database
 * nothing; emptied whenever the epoch tells that something changed.
 */
struct keyring;

enum result keyring_new(struct home *home, struct keyring **out, struct reason *why);
void keyring_free(struct keyring *ring);

/*
 * Who holds this key.  now is seconds since 1970.  RESULT_DENIED, one answer for a key
 * that is malformed, unknown, expired or revoked; any other result is the database's,
 * and the caller is not admitted.
 */
enum result keyring_check(struct keyring *ring, const char *text, size_t len, int64_t now,
                          struct caller *out, struct reason *why);

#endif
