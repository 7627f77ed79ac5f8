/*
 * user_audit.c: what the audit trail says of a change of a user: the rights by their values,
 * the person by nothing, since the trail can never forget.
 */
#include <string.h>

#include "base/json_write.h"
#include "gate/audit.h"
#include "gate/user_wish.h"

/* Which rights to tell. */
struct rights {
    bool role, active, models, tier;
};

static struct rights rights_that_differ(const struct user_row *a, const struct user_row *b)
{
    bool all = a == NULL || b == NULL;

    return (struct rights){
        .role = all || a->role != b->role,
        .active = all || a->active != b->active,
        .models = all || strcmp(a->models, b->models) != 0,
        .tier = all || strcmp(a->tier, b->tier) != 0,
    };
}

static void rights_write(struct json_writer *writer, const struct rights *rights,
                         const struct user_row *row)
{
    if (rights->role)
        json_member_string(writer, user_part_name(USER_PART_ROLE), user_role_name(row->role));
    if (rights->active)
        json_member_bool(writer, user_part_name(USER_PART_ACTIVE), row->active);
    if (rights->models)
        json_member_string(writer, user_part_name(USER_PART_MODELS), row->models);
    if (rights->tier)
        json_member_string(writer, user_part_name(USER_PART_TIER), row->tier);
}

/* Which of the rest became another, by name alone. */
static void changed_write(struct json_writer *writer, const struct user_row *before,
                          const struct user_row *after)
{
    const struct {
        const char *name;
        bool changed;
    } rest[] = {
        {user_part_name(USER_PART_FIRST_NAME),
         strcmp(before->first_name, after->first_name) != 0},
        {user_part_name(USER_PART_LAST_NAME), strcmp(before->last_name, after->last_name) != 0},
        {user_part_name(USER_PART_COUNTRY), strcmp(before->country, after->country) != 0},
        {"password", before->password_at != after->password_at},
    };

    json_write_key(writer, "changed");
    json_write_array(writer);
    for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
        if (rest[i].changed)
            json_write_string(writer, rest[i].name);
    json_write_array_end(writer);
}

enum result user_audit(struct home *home, const char *action, const struct user_row *before,
                       const struct user_row *after, struct reason *why)
{
    const struct rights rights = rights_that_differ(before, after);
    struct buf texts[2] = {{0}, {0}};
    const struct user_row *const rows[2] = {before, after};
    struct audit_note note = {.action = action,
                              .target_kind = "user",
                              .target_id = after != NULL ? after->id : before->id};
    enum result result;

    for (size_t i = 0; i < 2; i++) {
        struct json_writer writer = json_writer_on(&texts[i]);

        if (rows[i] == NULL)
            continue;
        json_write_object(&writer);
        rights_write(&writer, &rights, rows[i]);
        if (rows[i] == after && before != NULL)
            changed_write(&writer, before, after);
        json_write_object_end(&writer);
    }
    note.before = texts[0].data;
    note.after = texts[1].data;
    if (buf_failed(&texts[0]) || buf_failed(&texts[1]))
        result = reason_set(why, RESULT_NOMEM, "no memory for the audit trail");
    else
        result = audit_add(home, &note, why);
    buf_free(&texts[0]);
    buf_free(&texts[1]);
    return result;
}
