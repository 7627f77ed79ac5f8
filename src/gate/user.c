/*
 * user.c: people: made, changed, deleted.
 *
 * As with keys, what is wanted is looked at twice: first read-only, so that what is not
 * allowed takes no lock and troubles no worker, and then within the change, on the row as it
 * is by then.  A password is hashed between the two, since no one should wait for that.
 */
#include "gate/user.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "gate/password.h"
#include "gate/keep.h"
#include "gate/queue.h"
#include "gate/replay.h"
#include "gate/user_wish.h"

static const char *const roles[USER_ROLE__MAX] = {
    [USER_ROLE_USER] = "user",
    [USER_ROLE_ADMIN] = "admin",
};

const char *user_role_name(enum user_role role)
{
    return roles[role];
}

bool user_role_parse(const char *text, enum user_role *out)
{
    for (enum user_role role = 0; role < USER_ROLE__MAX; role++)
        if (strcmp(text, roles[role]) == 0) {
            *out = role;
            return true;
        }
    return false;
}

enum result user_find(struct home *home, const char *name, struct user_row *row,
                      struct reason *why)
{
    char username[USER_USERNAME_MAX + 1];

    if (user_name_read(name, strlen(name), username))
        return user_row_find(home->db, username, row, why);
    return user_row_get(home->db, name, row, why);
}

static enum result taken(struct reason *why)
{
    return reason_set(why, RESULT_EXISTS, "there is a user of this name already");
}

enum result user_insert(struct home *home, struct user_row *row, const char *hash,
                        struct reason *why)
{
    enum result result;

    key_id_make(row->id);
    row->created_at = row->password_at = clock_wall_s();
    result = user_row_insert(home->db, row, hash, why);
    if (result == RESULT_EXISTS)
        result = taken(why);
    if (result == RESULT_OK)
        result = user_audit(home, "user.create", AUDIT_MADE, row, row, why);
    return result;
}

/* Read-only, so that one name tried over and over takes no lock. */
static enum result free_check(struct home *home, const char *username, struct reason *why)
{
    struct user_row row;
    enum result result = user_row_find(home->db, username, &row, NULL);

    if (result == RESULT_OK)
        return taken(why);
    return result == RESULT_MISSING ? RESULT_OK
                                    : reason_set(why, result, "the users could not be read");
}

/* The name is asked for after the hash, so that the time does not tell whether it is taken. */
static enum result create(struct home *home, const struct user_wish *wish, struct user_row *row,
                          const char *hash, enum user_part *part, struct reason *why)
{
    enum result result = free_check(home, row->username, why);

    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    else if (result == RESULT_EXISTS)
        *part = USER_PART_USERNAME;
    if (result != RESULT_OK)
        return result;
    result = user_wish_apply(home, wish, true, row, part, why);
    if (result == RESULT_OK)
        result = user_insert(home, row, hash, why);
    if (result == RESULT_EXISTS)
        *part = USER_PART_USERNAME;
    return home_change_end(home, result, why);
}

enum result user_create(struct home *home, const struct user_wish *wish, const char *password,
                        size_t password_len, struct user_row *row, enum user_part *part,
                        struct reason *why)
{
    char hash[USER_PASSWORD_MAX + 1];
    enum result result;

    memset(row, 0, sizeof(*row));
    result = user_wish_apply(home, wish, true, row, part, why);
    if (result == RESULT_OK)
        result = password_allowed(password, password_len, row->username, why);
    if (result == RESULT_OK)
        result = password_hash(home, password, password_len, hash, why);
    if (result == RESULT_OK)
        result = create(home, wish, row, hash, part, why);
    secret_wipe(hash, sizeof(hash));
    return result;
}

enum result user_bring(struct home *home, const struct user_wish *wish, const char *hash,
                       struct user_row *row, enum user_part *part, struct reason *why)
{
    enum result result;

    memset(row, 0, sizeof(*row));
    result = user_wish_apply(home, wish, true, row, part, why);
    if (result == RESULT_OK && !password_hash_known(hash))
        result =
            reason_set(why, RESULT_INVALID,
                       "a hash that is brought along is one of yescrypt ($y$) or of bcrypt "
                       "($2a$, $2b$, $2y$, of a cost up to 15)");
    if (result == RESULT_OK)
        result = create(home, wish, row, hash, part, why);
    return result;
}

static bool is_admin(const struct user_row *row)
{
    return row->active && row->role == USER_ROLE_ADMIN;
}

/* Whether somebody is left who administers once a user is this; NULL: gone. */
static enum result admins_check(struct home *home, const struct user_row *before,
                                const struct user_row *after, bool forced, struct reason *why)
{
    enum result result;
    int64_t others;

    if (forced || !is_admin(before) || (after != NULL && is_admin(after)))
        return RESULT_OK;
    result = user_admins(home->db, before->id, &others, why);
    if (result == RESULT_OK && others == 0)
        result = reason_set(why, RESULT_EXISTS,
                            "%s is the last active administrator: make another one first",
                            before->id);
    return result;
}

/* A user's row before and after what is wanted. */
static enum result change_read(struct home *home, const char *id, const struct user_wish *wish,
                               bool forced, struct user_row *before, struct user_row *after,
                               enum user_part *part, struct reason *why)
{
    enum result result = user_row_get(home->db, id, before, why);

    *after = *before;
    if (result == RESULT_OK)
        result = user_wish_apply(home, wish, false, after, part, why);
    if (result == RESULT_OK)
        result = admins_check(home, before, after, forced, why);
    return result;
}

static enum result change_write(struct home *home, const struct user_row *before,
                                const struct user_row *after, struct reason *why)
{
    enum result result = user_row_update(home->db, after, why);

    if (result == RESULT_OK && !after->active)
        result = session_rows_end(home->db, after->id, NULL, why);
    if (result == RESULT_OK)
        result = user_audit(home, "user.set", AUDIT_CHANGED, before, after, why);
    return result;
}

/* Whether a change changes nothing of a user. */
static bool is_same(const struct user_row *a, const struct user_row *b)
{
    return strcmp(a->first_name, b->first_name) == 0 &&
           strcmp(a->last_name, b->last_name) == 0 && strcmp(a->country, b->country) == 0 &&
           a->role == b->role && a->active == b->active && strcmp(a->models, b->models) == 0 &&
           strcmp(a->tier, b->tier) == 0;
}

/* What is so already troubles no worker, no disk and no trail. */
enum result user_set(struct home *home, const char *id, const struct user_wish *wish,
                     bool forced, struct user_row *row, enum user_part *part,
                     struct reason *why)
{
    struct user_row before;
    enum result result;

    *part = USER_PART_USERNAME;
    if (wish->parts[USER_PART_USERNAME] != NULL)
        return reason_set(why, RESULT_INVALID, "a username stays as it is");
    result = change_read(home, id, wish, forced, &before, row, part, why);
    if (result == RESULT_OK && is_same(&before, row))
        return RESULT_OK;
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    result = change_read(home, id, wish, forced, &before, row, part, why);
    if (result == RESULT_OK)
        result = change_write(home, &before, row, why);
    return home_change_end(home, result, why);
}

/* A session that has ended since the old password was proved may not write over a newer one. */
static enum result session_check(struct home *home, const char *id, struct reason *why)
{
    struct session_row session;

    return id != NULL ? session_row_get(home->db, id, &session, why) : RESULT_OK;
}

static enum result password_write(struct home *home, const char *id, const char *hash,
                                  const char *but, struct reason *why)
{
    struct user_row row;
    enum result result = user_row_get(home->db, id, &row, why);
    struct user_row after = row;

    if (result == RESULT_OK)
        result = session_check(home, but, why);
    after.password_at = clock_wall_s();
    row.password_at = 0; /* it changes, be it in the second in which it was made */
    if (result == RESULT_OK)
        result = user_password_set(home->db, row.id, hash, after.password_at, why);
    if (result == RESULT_OK)
        result = session_rows_end(home->db, row.id, but, why);
    if (result == RESULT_OK)
        result = user_audit(home, "user.passwd", AUDIT_CHANGED, &row, &after, why);
    return result;
}

enum result user_password_change(struct home *home, const char *id, const char *password,
                                 size_t password_len, const char *but, struct reason *why)
{
    char hash[USER_PASSWORD_MAX + 1];
    struct user_row row;
    enum result result = user_row_get(home->db, id, &row, why);

    if (result == RESULT_OK)
        result = password_allowed(password, password_len, row.username, why);
    if (result == RESULT_OK)
        result = password_hash(home, password, password_len, hash, why);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result == RESULT_OK)
        result = home_change_end(home, password_write(home, id, hash, but, why), why);
    secret_wipe(hash, sizeof(hash));
    return result;
}

static enum result delete_check(struct home *home, const char *id, bool forced,
                                struct user_row *row, struct reason *why)
{
    enum result result = user_row_get(home->db, id, row, why);

    if (result == RESULT_OK)
        result = admins_check(home, row, NULL, forced, why);
    return result;
}

/*
 * What the account has in another database is no part of the change.  It goes once the change
 * is made, since then nobody adds to it any more; what can be known before is asked before.
 */
static void work_forget(struct home *home, const struct user_row *row)
{
    struct reason why;

    if (queue_forget(home, row->id, &why) != RESULT_OK)
        log_message("the jobs of user %s, who is deleted, are still there: %s", row->id,
                    why.text);
    if (replay_forget(home, row->id, &why) != RESULT_OK)
        log_message("the kept answers of user %s, who is deleted, are still there: %s", row->id,
                    why.text);
    if (keep_forget(home, row->id, &why) != RESULT_OK)
        log_message("what is kept of user %s, who is deleted, is there until it expires: %s",
                    row->id, why.text);
}

enum result user_delete(struct home *home, const char *id, bool forced, struct reason *why)
{
    struct user_row row;
    enum result result = delete_check(home, id, forced, &row, why);

    if (result == RESULT_OK)
        result = queue_forget_check(home, why);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    result = delete_check(home, id, forced, &row, why);
    if (result == RESULT_OK)
        result = user_row_delete(home->db, row.id, clock_wall_s(), why);
    if (result == RESULT_OK)
        result = user_audit(home, "user.delete", AUDIT_GONE, &row, &row, why);
    result = home_change_end(home, result, why);
    if (result == RESULT_OK)
        work_forget(home, &row);
    return result;
}
