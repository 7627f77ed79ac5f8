/*
 * invitation.c: invitations: what lets somebody make an account, once.
 *
 * One holds only while who made it may administer, so that nobody who was shut out has left a
 * way in.
 *
 * One is deleted in the transaction that makes the account, so of two who use it at once one
 * gets nothing.  That of a setup, for the first administrator, holds only as long as there is
 * no other; it is told by who made it.
 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/password.h"
#include "gate/user_wish.h"

static const char prefix[] = "fgi_";

/* In the place of an actor. */
static const char made_by_setup[] = "setup";

_Static_assert(KEY_TEXT_LEN - 3 + sizeof(prefix) - 1 == INVITATION_TEXT_LEN, "the text fits");
_Static_assert(sizeof(((struct actor *)0)->name) <= INVITATION_ACTOR_MAX + 1, "an actor fits");

static bool is_setup(const struct invitation_row *row)
{
    return strcmp(row->made_by, made_by_setup) == 0;
}

static enum result digest(struct home *home, const char *text, uint8_t mac[KEY_MAC_BYTES],
                          struct reason *why)
{
    if (secret_mac_digest(home->key_mac, text, INVITATION_TEXT_LEN, mac) == RESULT_OK)
        return RESULT_OK;
    return reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
}

/*
 * What was made or is gone: the rights alone, since whom an invitation is for would be
 * somebody's name.
 */
static enum result audit(struct home *home, const char *action, enum audit_kind kind,
                         const struct invitation_row *row, struct reason *why)
{
    struct audit_change change = audit_change_of(kind);
    const char *role = user_role_name(row->role);

    audit_change_text(&change, "role", role, role);
    audit_change_text(&change, "models", row->models, row->models);
    audit_change_text(&change, "tier", row->tier, row->tier);
    audit_change_number(&change, "expires_at", row->expires_at, row->expires_at);
    audit_change_truth(&change, "setup", is_setup(row), is_setup(row));
    return audit_change_add(home, &change, action, "invitation", row->id, why);
}

/* Who came by it, whose own row says with which rights. */
static enum result audit_accepted(struct home *home, const char *id, const char *user,
                                  struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_CHANGED);

    audit_change_text(&change, "user", NULL, user);
    return audit_change_add(home, &change, "invitation.accept", "invitation", id, why);
}

/* Setup invitations, while they are looked for. */
struct setups {
    struct home *home;
    struct invitation_row rows[8];
    size_t count;
};

static void setup_note(void *arg, const struct invitation_row *row)
{
    struct setups *setups = arg;

    if (is_setup(row) && setups->count < sizeof(setups->rows) / sizeof(setups->rows[0]))
        setups->rows[setups->count++] = *row;
}

static enum result revoke(struct home *home, const struct invitation_row *row,
                          struct reason *why)
{
    enum result result = invitation_row_delete(home->db, row->id, why);

    if (result == RESULT_OK)
        result = audit(home, "invitation.revoke", AUDIT_GONE, row, why);
    return result;
}

/* There is never more than one, since each ends those before it. */
static enum result setups_end(struct home *home, struct reason *why)
{
    struct setups setups = {.home = home};
    enum result result = invitation_row_list(home->db, setup_note, &setups, why);

    for (size_t i = 0; result == RESULT_OK && i < setups.count; i++)
        result = revoke(home, &setups.rows[i], why);
    return result;
}

static enum result admins_none(struct home *home, struct reason *why)
{
    int64_t admins;
    enum result result = user_admins(home->db, NULL, &admins, why);

    if (result == RESULT_OK && admins > 0)
        result = reason_set(why, RESULT_EXISTS, "there is an administrator already");
    return result;
}

/* Whether what is wished can be, as the row of the user that it will make. */
static enum result wish_read(struct home *home, const struct invitation_wish *wish,
                             struct user_row *user, struct reason *why)
{
    const struct user_wish parts = {{
        [USER_PART_USERNAME] = wish->username,
        [USER_PART_ROLE] = wish->role,
        [USER_PART_MODELS] = wish->models,
        [USER_PART_TIER] = wish->tier != NULL ? wish->tier : USER_DEFAULT_TIER,
    }};
    enum user_part part;
    struct user_row there;
    enum result result;

    memset(user, 0, sizeof(*user));
    if (wish->seconds < INVITATION_SECONDS_MIN || wish->seconds > INVITATION_SECONDS_MAX)
        return reason_set(why, RESULT_INVALID, "an invitation holds from 1m to 365d");
    result = user_wish_apply(home, &parts, false, user, &part, why);
    if (result == RESULT_OK && wish->setup)
        result = admins_none(home, why);
    if (result != RESULT_OK || wish->username == NULL)
        return result;
    result = user_row_find(home->db, user->username, &there, why);
    if (result == RESULT_OK)
        return reason_set(why, RESULT_EXISTS, "there is a user of this name already");
    return result == RESULT_MISSING ? RESULT_OK : result;
}

static void row_make(struct home *home, const struct invitation_wish *wish,
                     const struct user_row *user, struct invitation_row *row)
{
    text_copy(row->username, sizeof(row->username), user->username);
    text_copy(row->models, sizeof(row->models), user->models);
    text_copy(row->tier, sizeof(row->tier), user->tier);
    text_copy(row->made_by, sizeof(row->made_by),
              wish->setup ? made_by_setup : home->actor.name);
    row->role = user->role;
    row->created_at = clock_wall_s();
    row->expires_at = row->created_at + wish->seconds;
}

static enum result insert(struct home *home, const struct invitation_wish *wish,
                          struct invitation_row *row, struct reason *why)
{
    struct user_row user;
    enum result result = wish_read(home, wish, &user, why);

    row_make(home, wish, &user, row);
    if (result == RESULT_OK)
        result = invitation_rows_expire(home->db, row->created_at, why);
    if (result == RESULT_OK && wish->setup)
        result = setups_end(home, why);
    if (result == RESULT_OK)
        result = invitation_row_insert(home->db, row, why);
    if (result == RESULT_OK)
        result = audit(home, "invitation.create", AUDIT_MADE, row, why);
    return result;
}

enum result invitation_create(struct home *home, const struct invitation_wish *wish,
                              char text[INVITATION_TEXT_LEN + 1], struct invitation_row *row,
                              struct reason *why)
{
    struct user_row user;
    enum result result;

    memset(row, 0, sizeof(*row));
    result = wish_read(home, wish, &user, why);
    if (result != RESULT_OK)
        return result;
    key_secret_make(prefix, text, NULL);
    memcpy(row->id, text + sizeof(prefix) - 1, KEY_ID_LEN);
    result = digest(home, text, row->mac, why);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    return home_change_end(home, insert(home, wish, row, why), why);
}

enum result invitation_revoke(struct home *home, const char *id, struct reason *why)
{
    struct invitation_row row;
    enum result result = invitation_row_get(home->db, id, &row, why);

    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    result = invitation_row_get(home->db, id, &row, why);
    if (result == RESULT_OK)
        result = revoke(home, &row, why);
    return home_change_end(home, result, why);
}

/* What an audit's actor begins with, for each kind that can lose its rights. */
static const char by_user[] = "user:";
static const char by_key[] = "key:";

static enum result administers(const struct home *home, const char *id, struct reason *why)
{
    struct user_row user;
    enum result result = user_row_get(home->db, id, &user, why);

    if (result == RESULT_OK && (!user.active || user.role != USER_ROLE_ADMIN))
        result = RESULT_DENIED;
    return result;
}

/*
 * Whether who made it may still give rights: else whoever was shut out could come in again by
 * an invitation kept for that.  That a key has expired says nothing against its maker.
 */
static enum result maker_check(struct home *home, const struct invitation_row *row,
                               struct reason *why)
{
    const char *maker = row->made_by;
    struct key_row key;
    enum result result;

    if (strncmp(maker, by_user, sizeof(by_user) - 1) == 0)
        return administers(home, maker + sizeof(by_user) - 1, why);
    if (strncmp(maker, by_key, sizeof(by_key) - 1) != 0)
        return RESULT_OK;
    result = key_row_get(home->db, maker + sizeof(by_key) - 1, &key, why);
    if (result == RESULT_OK && (key.revoked_at != 0 || (key.scopes & KEY_SCOPE_ADMIN) == 0))
        result = RESULT_DENIED;
    if (result == RESULT_OK && key.owner.id[0] != '\0')
        result = administers(home, key.owner.id, why);
    return result;
}

/* Whether a row is that of the text, in its time. */
static enum result row_check(struct home *home, const char *text,
                             const struct invitation_row *row, struct reason *why)
{
    uint8_t mac[KEY_MAC_BYTES];
    enum result result = digest(home, text, mac, why);

    if (result != RESULT_OK)
        return result;
    if (!secret_equal(mac, row->mac, sizeof(mac)) || row->expires_at <= clock_wall_s())
        return RESULT_DENIED;
    if (!is_setup(row))
        return maker_check(home, row, why);
    result = admins_none(home, why);
    return result == RESULT_EXISTS ? RESULT_DENIED : result;
}

/* The row of an invitation that holds for this username; NULL: its own. */
static enum result holding_read(struct home *home, const char *text, size_t len,
                                const char *username, struct invitation_row *row,
                                struct reason *why)
{
    char id[KEY_ID_LEN + 1] = "", name[USER_USERNAME_MAX + 1] = "";
    enum result result = RESULT_DENIED;

    if (key_secret_valid(prefix, text, len)) {
        memcpy(id, text + sizeof(prefix) - 1, KEY_ID_LEN);
        result = invitation_row_get(home->db, id, row, why);
    }
    if (result == RESULT_OK)
        result = row_check(home, text, row, why);
    if (result == RESULT_OK && row->username[0] != '\0' && username != NULL &&
        (!user_name_read(username, strlen(username), name) || strcmp(name, row->username) != 0))
        result = RESULT_DENIED;
    if (result == RESULT_MISSING || result == RESULT_DENIED)
        result = reason_set(why, RESULT_DENIED, "the invitation is not valid");
    return result;
}

/* What the wish says of the person, with the rights that the invitation gives. */
static enum result user_read(struct home *home, const struct user_wish *wish,
                             const struct invitation_row *invitation, struct user_row *row,
                             enum user_part *part, struct reason *why)
{
    struct user_wish person = *wish;
    enum result result;

    for (size_t i = USER_PART_ROLE; i < USER_PART__MAX; i++)
        person.parts[i] = NULL;
    if (person.parts[USER_PART_USERNAME] == NULL)
        person.parts[USER_PART_USERNAME] = invitation->username;
    person.parts[USER_PART_TIER] = invitation->tier;
    memset(row, 0, sizeof(*row));
    result = user_wish_apply(home, &person, true, row, part, why);
    if (result == RESULT_INVALID && *part == USER_PART_TIER) /* it is gone */
        result = reason_set(why, RESULT_DENIED, "the invitation is not valid");
    row->role = invitation->role;
    row->active = true;
    text_copy(row->models, sizeof(row->models), invitation->models);
    return result;
}

/* Within the change, all once more. */
static enum result accept(struct home *home, const char *text, size_t len,
                          const struct user_wish *wish, const char *hash, struct user_row *row,
                          enum user_part *part, struct reason *why)
{
    struct invitation_row invitation;
    enum result result;

    result = holding_read(home, text, len, wish->parts[USER_PART_USERNAME], &invitation, why);
    if (result == RESULT_OK)
        result = user_read(home, wish, &invitation, row, part, why);
    if (result == RESULT_OK)
        result = user_insert(home, row, hash, why);
    if (result == RESULT_EXISTS)
        *part = USER_PART_USERNAME;
    if (result == RESULT_OK)
        result = invitation_row_delete(home->db, invitation.id, why);
    if (result == RESULT_OK)
        result = audit_accepted(home, invitation.id, row->id, why);
    return result;
}

enum result invitation_accept(struct home *home, const char *text, size_t len,
                              const struct user_wish *wish, const char *password,
                              size_t password_len, struct user_row *row, enum user_part *part,
                              struct reason *why)
{
    char hash[USER_PASSWORD_MAX + 1];
    struct invitation_row invitation;
    enum result result;

    memset(row, 0, sizeof(*row));
    *part = USER_PART__MAX;
    result = holding_read(home, text, len, wish->parts[USER_PART_USERNAME], &invitation, why);
    if (result == RESULT_OK)
        result = user_read(home, wish, &invitation, row, part, why);
    if (result == RESULT_OK)
        result = password_allowed(password, password_len, row->username, why);
    if (result == RESULT_OK)
        result = password_hash(home, password, password_len, hash, why);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result == RESULT_OK)
        result =
            home_change_end(home, accept(home, text, len, wish, hash, row, part, why), why);
    secret_wipe(hash, sizeof(hash));
    return result;
}
