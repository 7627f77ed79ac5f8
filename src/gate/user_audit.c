/*
 * user_audit.c: what the audit trail says of a change of a user: the rights by their values,
 * the person by nothing, since the trail can never forget.
 */
#include <string.h>

#include "gate/audit_change.h"
#include "gate/user_wish.h"

enum result user_audit(struct home *home, const char *action, const struct user_row *before,
                       const struct user_row *after, struct reason *why)
{
    struct audit_change change = audit_change_of(before == NULL  ? AUDIT_MADE
                                                 : after == NULL ? AUDIT_GONE
                                                                 : AUDIT_CHANGED);
    const struct user_row *old = before != NULL ? before : after;
    const struct user_row *new = after != NULL ? after : before;

    audit_change_text(&change, user_part_name(USER_PART_ROLE), user_role_name(old->role),
                      user_role_name(new->role));
    audit_change_truth(&change, user_part_name(USER_PART_ACTIVE), old->active, new->active);
    audit_change_text(&change, user_part_name(USER_PART_MODELS), old->models, new->models);
    audit_change_text(&change, user_part_name(USER_PART_TIER), old->tier, new->tier);
    audit_change_hidden(&change, user_part_name(USER_PART_FIRST_NAME),
                        strcmp(old->first_name, new->first_name) != 0);
    audit_change_hidden(&change, user_part_name(USER_PART_LAST_NAME),
                        strcmp(old->last_name, new->last_name) != 0);
    audit_change_hidden(&change, user_part_name(USER_PART_COUNTRY),
                        strcmp(old->country, new->country) != 0);
    audit_change_hidden(&change, "password", old->password_at != new->password_at);
    return audit_change_add(home, &change, action, "user", new->id, why);
}
