/*
 * user_audit.c: what the audit trail says of a change of a user: the rights by their values,
 * the person by nothing, since the trail can never forget.
 */
#include <string.h>

#include "gate/user_wish.h"

enum result user_audit(struct home *home, const char *action, enum audit_kind kind,
                       const struct user_row *before, const struct user_row *after,
                       struct reason *why)
{
    struct audit_change change = audit_change_of(kind);

    audit_change_text(&change, user_part_name(USER_PART_ROLE), user_role_name(before->role),
                      user_role_name(after->role));
    audit_change_truth(&change, user_part_name(USER_PART_ACTIVE), before->active,
                       after->active);
    audit_change_text(&change, user_part_name(USER_PART_MODELS), before->models, after->models);
    audit_change_text(&change, user_part_name(USER_PART_TIER), before->tier, after->tier);
    audit_change_hidden(&change, user_part_name(USER_PART_FIRST_NAME),
                        strcmp(before->first_name, after->first_name) != 0);
    audit_change_hidden(&change, user_part_name(USER_PART_LAST_NAME),
                        strcmp(before->last_name, after->last_name) != 0);
    audit_change_hidden(&change, user_part_name(USER_PART_COUNTRY),
                        strcmp(before->country, after->country) != 0);
    audit_change_hidden(&change, "password", before->password_at != after->password_at);
    return audit_change_add(home, &change, action, "user", after->id, why);
}
