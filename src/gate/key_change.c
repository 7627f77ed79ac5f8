/*
 * key_change.c: making keys and changing them.
 *
 * What somebody wants of a key is applied to a draft of its row, by a table.  It is done
 * twice: first read-only, so that what is not allowed takes no lock and troubles no worker,
 * and then within the change, on the row as it is by then.  So of two changes of one key at
 * once neither undoes the other.
 */
#include "gate/key.h"

#include <string.h>

#include "base/clock.h"
#include "base/json_compact.h"
#include "base/text.h"
#include "base/utf8.h"
#include "gate/key_audit.h"
#include "gate/registry.h"
#include "gate/tier.h"
#include "gate/user.h"

_Static_assert(LIMITS_TEXT_MAX <= KEY_LIMITS_MAX + 1, "printed limits fit in a row");

/* A key as it is to be. */
struct draft {
    struct home *home; /* NULL: there is none to ask */
    struct key_row row;
    bool old;                     /* it is in the database already */
    char tier[TIER_NAME_MAX + 1]; /* of its owner, which is the only one for it */
    char metadata[KEY_METADATA_MAX + 1];
};

static enum result take_owner(struct draft *draft, const char *name, struct reason *why)
{
    struct user_row user;
    enum result result;
    int64_t keys;

    if (draft->old)
        return reason_set(why, RESULT_INVALID, "whose a key is cannot be changed");
    if (name[0] == '\0')
        return RESULT_OK;
    result = user_find(draft->home, name, &user, why);
    if (result == RESULT_MISSING)
        return reason_set(why, RESULT_INVALID, "there is no such user");
    if (result == RESULT_OK)
        result = key_count_of(draft->home->db, user.id, &keys, why);
    if (result == RESULT_OK && keys >= KEY_OWNED_MAX)
        return reason_set(
            why, RESULT_EXISTS,
            "the user has %d keys already, which is all that one may have: revoke "
            "another first",
            KEY_OWNED_MAX);
    if (result == RESULT_OK) {
        text_copy(draft->row.owner.id, sizeof(draft->row.owner.id), user.id);
        text_copy(draft->tier, sizeof(draft->tier), user.tier);
    }
    return result;
}

static enum result take_name(struct draft *draft, const char *name, struct reason *why)
{
    size_t len = strlen(name);

    if (len == 0 || len > KEY_NAME_MAX || !utf8_valid(name, len))
        return reason_set(why, RESULT_INVALID, "a key's name has 1 to %d bytes of UTF-8",
                          KEY_NAME_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return reason_set(why, RESULT_INVALID, "a key's name has no control characters");
    text_copy(draft->row.name, sizeof(draft->row.name), name);
    return RESULT_OK;
}

enum result key_models_check(struct home *home, const char *models, struct reason *why)
{
    enum result result = RESULT_OK;
    char name[MODEL_NAME_MAX + 1];
    size_t len;

    if (strlen(models) > KEY_MODELS_MAX)
        return reason_set(why, RESULT_TOO_BIG, "a list of models has at most %d characters",
                          KEY_MODELS_MAX);
    if (strcmp(models, "*") == 0)
        return RESULT_OK;
    for (; result == RESULT_OK; models += len + 1) {
        len = strcspn(models, ",");
        if (len == 0 || len > MODEL_NAME_MAX)
            return reason_set(
                why, RESULT_INVALID,
                "models are \"*\" or names separated by commas, such as iris,wine");
        memcpy(name, models, len);
        name[len] = '\0';
        result = registry_has(home, name, why);
        if (models[len] == '\0')
            break;
    }
    return result;
}

static enum result take_models(struct draft *draft, const char *models, struct reason *why)
{
    enum result result = key_models_check(draft->home, models, why);

    if (result == RESULT_OK)
        text_copy(draft->row.models, sizeof(draft->row.models), models);
    return result;
}

static enum result take_tier(struct draft *draft, const char *tier, struct reason *why)
{
    enum result result = tier_find(draft->home, tier, &draft->row.of_tier, why);

    if (result == RESULT_OK && draft->tier[0] != '\0' && strcmp(draft->tier, tier) != 0)
        result = reason_set(why, RESULT_INVALID,
                            "a user's key is of the user's tier, which is %s", draft->tier);
    if (result == RESULT_OK)
        text_copy(draft->row.tier, sizeof(draft->row.tier), tier);
    return result;
}

static enum result take_scopes(struct draft *draft, const char *scopes, struct reason *why)
{
    char all[KEY_SCOPES_MAX + 1];

    if (key_scopes_parse(scopes, &draft->row.scopes))
        return RESULT_OK;
    key_scopes_print(all, ~0U);
    return reason_set(why, RESULT_INVALID,
                      "scopes: \"%.60s\" is not allowed; allowed: one or more of %s, separated "
                      "by commas",
                      scopes, all);
}

static enum result take_addresses(struct draft *draft, const char *addresses,
                                  struct reason *why)
{
    struct addr_list list;
    enum result result;

    result = addr_list_parse(addresses, &list, why);
    if (result == RESULT_OK && list.count == 0 && addresses[0] != '\0')
        return reason_set(why, RESULT_INVALID,
                          "addresses: there is none in \"%.40s\"; allowed: ranges such as "
                          "10.0.0.0/8, or nothing at all for any address",
                          addresses);
    if (result == RESULT_OK &&
        !addr_list_print(draft->row.addresses, sizeof(draft->row.addresses), &list))
        result = reason_set(why, RESULT_TOO_BIG, "a key's addresses have at most %d characters",
                            KEY_ADDRESSES_MAX);
    return result;
}

/*
 * A row's own limits with one part replaced.  If those that are stored are none, they are
 * all replaced: else nobody could mend them.  All keys of a user count together, so one
 * cannot have any.
 */
static enum result take_limits(struct draft *draft, enum limits_part part, const char *text,
                               struct reason *why)
{
    struct limits limits;
    enum result result;

    if (draft->tier[0] != '\0' && text[0] != '\0')
        return reason_set(
            why, RESULT_INVALID,
            "a user's key has the limits of the user's tier, and none of its own");
    if (limits_parse(draft->row.limits, &limits, NULL) != RESULT_OK)
        memset(&limits, 0, sizeof(limits));
    result = limits_replace(&limits, part, text, why);
    if (result == RESULT_OK)
        limits_print(draft->row.limits, &limits);
    return result;
}

static enum result take_rates(struct draft *draft, const char *rates, struct reason *why)
{
    return take_limits(draft, LIMITS_RATES, rates, why);
}

static enum result take_quotas(struct draft *draft, const char *quotas, struct reason *why)
{
    return take_limits(draft, LIMITS_QUOTAS, quotas, why);
}

static enum result take_expiry(struct draft *draft, const char *expires, struct reason *why)
{
    int64_t seconds;

    draft->row.expires_at = 0;
    if (strcmp(expires, "never") == 0)
        return RESULT_OK;
    if (!clock_duration_parse(expires, &seconds) || seconds == 0)
        return reason_set(why, RESULT_INVALID,
                          "expires: \"%.40s\" is not allowed; allowed: a number with s, m, h, "
                          "d or w behind it, such as 30d, or never",
                          expires);
    draft->row.expires_at = clock_wall_s() + seconds;
    return RESULT_OK;
}

static enum result take_metadata(struct draft *draft, const char *metadata, struct reason *why)
{
    struct buf compact = {0};
    struct reason told = {{0}};
    enum result result;

    result = json_compact_object(metadata, strlen(metadata), &compact, &told);
    if (result != RESULT_OK)
        reason_set(why, result, "metadata: %.400s", told.text);
    else if (buf_failed(&compact))
        result = reason_set(why, RESULT_NOMEM, "no memory for the metadata");
    else if (compact.len > KEY_METADATA_MAX)
        result =
            reason_set(why, RESULT_TOO_BIG, "metadata: it has %zu bytes; allowed: at most %d",
                       compact.len, KEY_METADATA_MAX);
    else
        text_copy(draft->metadata, sizeof(draft->metadata), compact.data);
    buf_free(&compact);
    return result;
}

static const struct {
    const char *name;
    enum result (*take)(struct draft *draft, const char *text, struct reason *why);
    bool asks_home;
    const char *fallback; /* of a new key */
} parts[KEY_PART__MAX] = {
    [KEY_PART_OWNER] = {"user", take_owner, true, ""},
    [KEY_PART_NAME] = {"name", take_name, false, ""},
    [KEY_PART_MODELS] = {"models", take_models, true, KEY_DEFAULT_MODELS},
    [KEY_PART_TIER] = {"tier", take_tier, true, KEY_DEFAULT_TIER},
    [KEY_PART_SCOPES] = {"scopes", take_scopes, false, KEY_DEFAULT_SCOPES},
    [KEY_PART_ADDRESSES] = {"addresses", take_addresses, false, ""},
    [KEY_PART_RATES] = {"rates", take_rates, false, ""},
    [KEY_PART_QUOTAS] = {"quotas", take_quotas, false, ""},
    [KEY_PART_EXPIRES] = {"expires", take_expiry, false, "never"},
    [KEY_PART_METADATA] = {"metadata", take_metadata, false, "{}"},
};

const char *key_part_name(enum key_part part)
{
    return parts[part].name;
}

/* What a new key has of which nothing is said. */
static const char *fallback(const struct draft *draft, enum key_part part)
{
    return part == KEY_PART_TIER && draft->tier[0] != '\0' ? draft->tier : parts[part].fallback;
}

/* *wrong, unless it is NULL, is the part that did not fit, if one did not. */
static enum result apply(const struct key_wish *wish, bool new, struct draft *draft,
                         enum key_part *wrong, struct reason *why)
{
    enum result result = RESULT_OK;
    enum key_part part;

    for (part = 0; part < KEY_PART__MAX; part++) {
        const char *text = wish->parts[part];

        if (text == NULL && new)
            text = fallback(draft, part);
        if (text != NULL && (draft->home != NULL || !parts[part].asks_home))
            result = parts[part].take(draft, text, why);
        if (result != RESULT_OK)
            break;
    }
    if (wrong != NULL)
        *wrong = part;
    return result;
}

enum result key_wish_check(const struct key_wish *wish, struct reason *why)
{
    struct draft draft = {.home = NULL};

    return apply(wish, false, &draft, NULL, why);
}

/* The digest that the text of a key is known by. */
static enum result digest(struct home *home, const char *text, uint8_t mac[KEY_MAC_BYTES],
                          struct reason *why)
{
    if (secret_mac_digest(home->key_mac, text, KEY_TEXT_LEN, mac) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
    return RESULT_OK;
}

static enum result insert(const struct draft *draft, struct reason *why)
{
    struct db *db = draft->home->db;
    enum result result = key_row_insert(db, &draft->row, why);

    if (result == RESULT_OK)
        result = key_metadata_set(db, draft->row.id, draft->metadata, why);
    if (result == RESULT_OK)
        result = key_audit_create(draft->home, &draft->row, why);
    return result;
}

enum result key_create(struct home *home, const struct key_wish *wish,
                       char text[KEY_TEXT_LEN + 1], struct key_row *row, enum key_part *part,
                       struct reason *why)
{
    struct draft draft = {.home = home};
    enum result result;

    memset(row, 0, sizeof(*row));
    result = apply(wish, true, &draft, part, why); /* *part is KEY_PART__MAX behind it */
    if (result != RESULT_OK)
        return result;
    key_text_make(text, NULL);
    key_id_read(text, draft.row.id, NULL);
    draft.row.created_at = clock_wall_s();
    result = digest(home, text, draft.row.mac, why);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    *row = draft.row;
    if (result != RESULT_OK)
        return result;
    result = apply(wish, true, &draft, part, why);
    if (result == RESULT_OK)
        result = insert(&draft, why);
    return home_change_end(home, result, why);
}

/* The row of a key with what is wanted of it, and as it is. */
static enum result draft_read(struct draft *draft, const char *id, const struct key_wish *wish,
                              struct key_row *before, enum key_part *part, struct reason *why)
{
    enum result result = key_row_get(draft->home->db, id, &draft->row, why);

    *before = draft->row;
    draft->old = true;
    if (part != NULL)
        *part = KEY_PART__MAX;
    if (result == RESULT_OK && draft->row.owner.id[0] != '\0')
        text_copy(draft->tier, sizeof(draft->tier), draft->row.tier);
    if (result == RESULT_OK && draft->row.revoked_at != 0)
        result =
            reason_set(why, RESULT_INVALID, "key %s is revoked, for good: make another", id);
    if (result == RESULT_OK)
        result = apply(wish, false, draft, part, why);
    return result;
}

/* Writes a draft over the row before, in the change. */
static enum result update(const struct draft *draft, const struct key_row *before,
                          bool with_metadata, struct reason *why)
{
    struct db *db = draft->home->db;
    bool metadata_changed = false;
    struct key_more more;
    enum result result = key_row_update(db, &draft->row, why);

    if (result == RESULT_OK && with_metadata)
        result = key_more_get(db, draft->row.id, &more, why);
    if (result == RESULT_OK && with_metadata) {
        metadata_changed = strcmp(more.metadata, draft->metadata) != 0;
        result = key_metadata_set(db, draft->row.id, draft->metadata, why);
    }
    if (result == RESULT_OK)
        result = key_audit_set(draft->home, before, &draft->row, metadata_changed, why);
    return result;
}

enum result key_set(struct home *home, const char *id, const struct key_wish *wish,
                    struct key_row *row, enum key_part *part, struct reason *why)
{
    struct draft draft = {.home = home};
    struct key_row before;
    enum result result = draft_read(&draft, id, wish, &before, part, why);

    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    result = draft_read(&draft, id, wish, &before, part, why);
    if (result == RESULT_OK)
        result = update(&draft, &before, wish->parts[KEY_PART_METADATA] != NULL, why);
    *row = draft.row;
    return home_change_end(home, result, why);
}

/* The row of a key that may be rotated now. */
static enum result active_read(struct home *home, const char *id, int64_t now,
                               struct key_row *row, struct reason *why)
{
    enum result result = key_row_get(home->db, id, row, why);
    enum key_state state = result == RESULT_OK ? key_state_at(row, now) : KEY_ACTIVE;

    if (state == KEY_REVOKED)
        return reason_set(why, RESULT_INVALID, "key %s is revoked, for good: make another", id);
    if (state == KEY_EXPIRED)
        return reason_set(
            why, RESULT_INVALID,
            "key %s is expired: give it time with forestgate key set %s --expires "
            "30d, and rotate it then",
            id, id);
    return result;
}

/* Puts the digest of a new secret in the place of the one that holds. */
static enum result rotate(struct home *home, int64_t overlap, int64_t now, const char *text,
                          struct key_row *row, struct reason *why)
{
    const struct key_row before = *row;
    enum result result;

    memset(row->mac_before, 0, sizeof(row->mac_before));
    row->before_until = 0;
    if (overlap > 0) {
        memcpy(row->mac_before, row->mac, sizeof(row->mac));
        row->before_until = now + overlap;
    }
    row->rotated_at = now;
    if (digest(home, text, row->mac, why) != RESULT_OK)
        return RESULT_FAILED;
    result = key_row_rotate(home->db, row, why);
    if (result == RESULT_OK)
        result = key_audit_rotate(home, &before, row, why);
    return result;
}

enum result key_rotate(struct home *home, const char *id, int64_t overlap,
                       char text[KEY_TEXT_LEN + 1], struct key_row *row, bool *older_ended,
                       struct reason *why)
{
    int64_t now = clock_wall_s();
    enum result result = active_read(home, id, now, row, why);

    *older_ended = false;
    key_text_make(text, id);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    result = active_read(home, id, now, row, why);
    if (result == RESULT_OK) {
        *older_ended = row->before_until > now;
        result = rotate(home, overlap, now, text, row, why);
    }
    return home_change_end(home, result, why);
}

enum result key_revoke(struct home *home, const char *id, struct reason *why)
{
    int64_t now = clock_wall_s();
    enum result result = home_change_begin(home, why);

    if (result != RESULT_OK)
        return result;
    result = key_row_revoke(home->db, id, now, why);
    if (result == RESULT_OK)
        result = key_audit_revoke(home, id, now, why);
    return home_change_end(home, result, why);
}
