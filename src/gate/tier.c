/*
 * tier.c: tiers: named sets of limits that keys have.
 */
#include "gate/tier.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/near.h"
#include "gate/audit_change.h"
#include "gate/limits.h"

_Static_assert(LIMITS_TEXT_MAX <= TIER_LIMITS_MAX + 1, "printed limits fit in a row");

bool tier_name_valid(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = strlen(name);

    return len >= 1 && len <= TIER_NAME_MAX && strchr(first, name[0]) != NULL &&
           strspn(name, others) == len;
}

enum result tier_name_refuse(const char *name, struct reason *why)
{
    return reason_set(why, RESULT_INVALID,
                      "\"%.40s\" cannot be a tier's name; allowed: 1 to %d of a-z, 0-9, _ and "
                      "-, beginning with a letter or a digit",
                      name, TIER_NAME_MAX);
}

/* The tiers that there are, and the one that may have been meant. */
struct others {
    struct buf names;
    struct near near;
};

static void name_add(void *arg, const struct tier_row *row)
{
    struct others *others = arg;

    buf_printf(&others->names, "%s%s", others->names.len == 0 ? "" : ", ", row->name);
    near_try(&others->near, row->name);
}

enum result tier_find(struct home *home, const char *name, struct tier_row *row,
                      struct reason *why)
{
    enum result result = tier_row_get(home->db, name, row, why);
    struct others others = {.names = {0}};
    const char *meant;

    if (result != RESULT_MISSING)
        return result;
    near_begin(&others.near, name);
    result = tier_row_list(home->db, name_add, &others, why);
    meant = near_word(&others.near);
    if (result == RESULT_OK && meant != NULL)
        result = reason_set(why, RESULT_INVALID,
                            "there is no tier \"%.40s\"; did you mean \"%s\"?", name, meant);
    else if (result == RESULT_OK)
        result = reason_set(why, RESULT_INVALID, "there is no tier \"%.40s\"; there %s %s",
                            name, others.names.len == 0 ? "is" : "are:",
                            others.names.len == 0 ? "none" : others.names.data);
    buf_free(&others.names);
    return result;
}

static enum result note(struct home *home, enum audit_kind kind, const char *action,
                        const struct tier_row *before, const struct tier_row *row,
                        struct reason *why)
{
    struct audit_change change = audit_change_of(kind);

    audit_change_text(&change, "limits", before->limits, row->limits);
    audit_change_text(&change, "price", tier_price_name(before->price),
                      tier_price_name(row->price));
    audit_change_truth(&change, "shadow", before->shadow, row->shadow);
    return audit_change_add(home, &change, action, "tier", row->name, why);
}

/* In the change: writes the row, and what it was before, if that can be read. */
static enum result set(struct home *home, const struct tier_row *row, struct reason *why)
{
    struct tier_row before = *row;
    enum result found = tier_row_get(home->db, row->name, &before, why);
    bool none = found == RESULT_MISSING || found == RESULT_MALFORMED;
    enum result result = none ? RESULT_OK : found;

    if (result == RESULT_OK)
        result = tier_row_set(home->db, row, why);
    if (result == RESULT_OK)
        result = note(home, none ? AUDIT_MADE : AUDIT_CHANGED, "tier.set", &before, row, why);
    return result;
}

enum result tier_set(struct home *home, const struct tier_row *row, struct reason *why)
{
    struct tier_row kept = *row;
    struct limits limits;
    enum result result;

    if (!tier_name_valid(row->name))
        return tier_name_refuse(row->name, why);
    result = limits_parse(row->limits, &limits, why);
    if (result != RESULT_OK)
        return result;
    limits_print(kept.limits, &limits);
    result = home_change_begin(home, why);
    if (result == RESULT_OK)
        result = home_change_end(home, set(home, &kept, why), why);
    return result;
}

enum result tier_limits(const struct tier_row *row, struct limits *out, struct reason *why)
{
    if (limits_parse(row->limits, out, NULL) == RESULT_OK)
        return RESULT_OK;
    return reason_set(why, RESULT_MALFORMED,
                      "the limits of the tier %s are none: mend it with forestgate tier set",
                      row->name);
}

/* Whether it is there and nobody needs it; a user's keys go with the user. */
static enum result unused_check(struct home *home, const char *name, struct reason *why)
{
    struct tier_row row;
    int64_t keys = 0, users = 0;
    enum result result;

    result = tier_find(home, name, &row, why);
    if (result == RESULT_OK)
        result = tier_row_users(home->db, name, &users, why);
    if (result == RESULT_OK && users > 0)
        return reason_set(why, RESULT_EXISTS,
                          "%" PRId64
                          " user%s of the tier %s: give %s another with forestgate user "
                          "set ID --tier NAME; forestgate user list shows %s",
                          users, users == 1 ? " is" : "s are", name, users == 1 ? "it" : "each",
                          users == 1 ? "it" : "them");
    if (result == RESULT_OK)
        result = tier_row_keys(home->db, name, &keys, why);
    if (result == RESULT_OK && keys > 0)
        return reason_set(why, RESULT_EXISTS,
                          "%" PRId64
                          " key%s of the tier %s: give %s another with forestgate key "
                          "set ID --tier NAME, or revoke %s; forestgate key list shows %s",
                          keys, keys == 1 ? " is" : "s are", name, keys == 1 ? "it" : "each",
                          keys == 1 ? "it" : "them", keys == 1 ? "it" : "them");
    return result;
}

enum result tier_delete(struct home *home, const char *name, struct reason *why)
{
    enum result result = unused_check(home, name, why);
    struct tier_row row;

    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    result = tier_row_get(home->db, name, &row, why);
    if (result == RESULT_OK)
        result = tier_row_delete(home->db, name, why); /* which looks again */
    if (result == RESULT_OK)
        result = note(home, AUDIT_GONE, "tier.delete", &row, &row, why);
    return home_change_end(home, result, why);
}
