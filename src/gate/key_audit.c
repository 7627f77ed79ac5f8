/*
 * key_audit.c: the rows of the audit trail that tell of keys.
 */
#include "gate/key_audit.h"

#include <string.h>

#include "gate/audit_change.h"

static void parts_write(struct audit_change *change, const struct key_row *before,
                        const struct key_row *row)
{
    char was[KEY_SCOPES_MAX + 1], is[KEY_SCOPES_MAX + 1];

    key_scopes_print(was, before->scopes);
    key_scopes_print(is, row->scopes);
    audit_change_text(change, "models", before->models, row->models);
    audit_change_text(change, "tier", before->tier, row->tier);
    audit_change_text(change, "scopes", was, is);
    audit_change_text(change, "addresses", before->addresses, row->addresses);
    audit_change_text(change, "limits", before->limits, row->limits);
    audit_change_number(change, "expires_at", before->expires_at, row->expires_at);
}

enum result key_audit_create(struct home *home, const struct key_row *row, struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_MADE);

    audit_change_text(&change, "user", NULL, row->owner.id[0] != '\0' ? row->owner.id : NULL);
    parts_write(&change, row, row);
    return audit_change_add(home, &change, "key.create", "key", row->id, why);
}

enum result key_audit_set(struct home *home, const struct key_row *before,
                          const struct key_row *row, bool metadata_changed, struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_CHANGED);

    audit_change_hidden(&change, "name", strcmp(before->name, row->name) != 0);
    audit_change_hidden(&change, "metadata", metadata_changed);
    parts_write(&change, before, row);
    return audit_change_add(home, &change, "key.set", "key", row->id, why);
}

enum result key_audit_rotate(struct home *home, const struct key_row *before,
                             const struct key_row *row, struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_CHANGED);

    audit_change_hidden(&change, "secret", true);
    audit_change_number(&change, "before_until", before->before_until, row->before_until);
    return audit_change_add(home, &change, "key.rotate", "key", row->id, why);
}

enum result key_audit_revoke(struct home *home, const char *id, int64_t when,
                             struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_CHANGED);

    audit_change_number(&change, "revoked_at", 0, when);
    return audit_change_add(home, &change, "key.revoke", "key", id, why);
}
