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

#include "base/addr.h"
#include "base/result.h"
#include "gate/home.h"
#include "gate/limits.h"
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
 * Makes the text of a key with a new secret, and with this id or, for NULL, a new one.  The
 * caller shows it once and wipes it.
 */
void key_text_make(char text[KEY_TEXT_LEN + 1], const char *id);

/*
 * The same of another secret that has an id, with its own prefix in the place of fg_: it has
 * KEY_TEXT_LEN - 3 characters behind the prefix, and text has room for a NUL.
 */
bool key_secret_valid(const char *prefix, const char *text, size_t len);
void key_secret_make(const char *prefix, char *text, const char *id);

/* What logs and lists show of the key of an id. */
void key_mask_print(char out[KEY_MASK_LEN + 1], const char *id);

/* A new id, of a user for example. */
void key_id_make(char id[KEY_ID_LEN + 1]);

/* What can be said of a key; each as a text. */
enum key_part {
    KEY_PART_OWNER,  /* a user's id or name, whose it is; empty for nobody; only of a new one */
    KEY_PART_NAME,   /* printable UTF-8 */
    KEY_PART_MODELS, /* "*", or published models separated by commas */
    KEY_PART_TIER,   /* one that there is; of a user's key the user's */
    KEY_PART_SCOPES, /* words separated by commas */
    KEY_PART_ADDRESSES, /* ranges that it may come from; empty for any */
    KEY_PART_RATES,     /* in the place of the tier's; empty for the tier's */
    KEY_PART_QUOTAS,    /* the same */
    KEY_PART_EXPIRES,   /* so long from now, or "never" */
    KEY_PART_METADATA,  /* a JSON object */
    KEY_PART__MAX
};

enum {
    KEY_OWNED_MAX = 100 /* keys of one user that are not revoked */
};

/* What somebody wants of a key; NULL where nothing is said. */
struct key_wish {
    const char *parts[KEY_PART__MAX];
};

/* The name of a part in JSON: "name", "expires", "user". */
const char *key_part_name(enum key_part part);

/* What a key has of which its maker says nothing; a user's has the user's tier. */
#define KEY_DEFAULT_MODELS "*"
#define KEY_DEFAULT_TIER   "standard"
#define KEY_DEFAULT_SCOPES "predict,jobs,read"

/*
 * Whether it is well formed, as far as can be told without a home.  RESULT_INVALID or
 * RESULT_TOO_BIG says what is wrong and what is allowed; RESULT_MALFORMED is of metadata.
 */
enum result key_wish_check(const struct key_wish *wish, struct reason *why);

/*
 * Whether a list of models is "*", or names of published models separated by commas.
 * RESULT_INVALID, with those that there are, if not; RESULT_TOO_BIG.
 */
enum result key_models_check(struct home *home, const char *models, struct reason *why);

/*
 * Makes a key, whose name at least is given.  text receives it, for the caller to show once
 * and to wipe.  As key_wish_check(); RESULT_INVALID also for a model, a tier or a user that
 * is not there, with those that are; RESULT_EXISTS for a user who has KEY_OWNED_MAX.  *part,
 * for which NULL may be given, is the part that is wrong, or KEY_PART__MAX if it is none.
 */
enum result key_create(struct home *home, const struct key_wish *wish,
                       char text[KEY_TEXT_LEN + 1], struct key_row *row, enum key_part *part,
                       struct reason *why);

/*
 * Changes what is given of a key, and nothing else.  As key_create(); RESULT_MISSING if
 * there is none of this id, RESULT_INVALID if it is revoked.
 */
enum result key_set(struct home *home, const char *id, const struct key_wish *wish,
                    struct key_row *row, enum key_part *part, struct reason *why);

/*
 * Gives a key a new secret, in text as above; no worker admits the one before from so many
 * seconds on, 0 being the return.  One that was to end later ends at once: *older_ended.
 * RESULT_MISSING if there is none of this id, RESULT_INVALID if it is revoked or expired.
 */
enum result key_rotate(struct home *home, const char *id, int64_t overlap,
                       char text[KEY_TEXT_LEN + 1], struct key_row *row, bool *older_ended,
                       struct reason *why);

/* Revokes it: no worker admits it from the return on. */
enum result key_revoke(struct home *home, const char *id, struct reason *why);

/*
 * The limits that count for a key: its own over its tier's; of an owned key its tier's alone,
 * since all keys of a user count together.  RESULT_MALFORMED if what is stored are none.
 */
enum result key_limits(const struct key_row *row, struct limits *out, struct reason *why);

/* At a time in seconds since 1970; and as a word: "active", "expired", "revoked". */
enum key_state key_state_at(const struct key_row *row, int64_t now);
const char *key_state_name(enum key_state state);

/* Whether a list of models, of a key or a user, has this one. */
bool key_models_have(const char *models, const char *model, size_t len);

#endif
