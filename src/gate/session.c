/*
 * session.c: from a login to a logout.
 *
 * Whoever begins or goes on with a session changes nothing that a worker remembers, and so
 * troubles none; whoever ends one makes a change of the home.
 */
#include "gate/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/audit.h"
#include "store/users.h"

/* Where the parts of a refresh token are; all have fixed lengths. */
enum {
    GENERATION_LEN = 10,
    SESSION_AT = 4,
    GENERATION_AT = SESSION_AT + SESSION_ID_LEN + 1,
    MAC_AT = GENERATION_AT + GENERATION_LEN + 1,
    MAC_LEN = BASE64URL_LEN(SECRET_MAC_BYTES),
    REFRESH_LEN = MAC_AT + MAC_LEN,
    EXPIRED_STEP = 100, /* rows that a login takes away along the way */
};

_Static_assert((int)REFRESH_LEN <= (int)SESSION_REFRESH_MAX, "a refresh token fits");

static const char prefix[] = "fgr_";
static const int64_t generation_max = 9999999999; /* of GENERATION_LEN digits */

/* Writes the token of a generation of a session. */
static enum result refresh_print(const struct home *home, const char *session,
                                 int64_t generation, char out[SESSION_REFRESH_MAX + 1],
                                 struct reason *why)
{
    uint8_t digest[SECRET_MAC_BYTES];
    struct secret_mac *mac = NULL;
    enum result result = home_mac_derive(home, "forestgate refresh", &mac, why);

    out[0] = '\0';
    if (result != RESULT_OK)
        return result;
    snprintf(out, SESSION_REFRESH_MAX + 1, "%s%s_%0*" PRId64 "_", prefix, session,
             GENERATION_LEN, generation);
    result = secret_mac_digest(mac, out, MAC_AT, digest);
    base64url_write(out + MAC_AT, digest, sizeof(digest));
    out[REFRESH_LEN] = '\0';
    secret_mac_free(mac);
    secret_wipe(digest, sizeof(digest));
    if (result != RESULT_OK)
        reason_set(why, result, "a refresh token could not be made");
    return result;
}

/* What a refresh token says, before anyone knows whether it is ours.  False: it is none. */
static bool refresh_parse(const char *text, size_t len, char session[SESSION_ID_LEN + 1],
                          int64_t *generation)
{
    *generation = 0;
    if (len != REFRESH_LEN || memcmp(text, prefix, SESSION_AT) != 0)
        return false;
    for (size_t i = GENERATION_AT; i < GENERATION_AT + GENERATION_LEN; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *generation = *generation * 10 + (text[i] - '0');
    }
    memcpy(session, text + SESSION_AT, SESSION_ID_LEN);
    session[SESSION_ID_LEN] = '\0';
    return strlen(session) == SESSION_ID_LEN;
}

/* The same, and that it is ours: the one text that was made for it. */
static enum result refresh_check(const struct home *home, const char *text, size_t len,
                                 char session[SESSION_ID_LEN + 1], int64_t *generation,
                                 struct reason *why)
{
    char own[SESSION_REFRESH_MAX + 1];
    enum result result;

    if (!refresh_parse(text, len, session, generation))
        return RESULT_DENIED;
    result = refresh_print(home, session, *generation, own, why);
    if (result == RESULT_OK && !secret_equal(own, text, REFRESH_LEN))
        result = RESULT_DENIED;
    secret_wipe(own, sizeof(own));
    return result;
}

/* Notes in the audit trail what became of a user's session, or of all of them. */
static enum result note(struct home *home, const char *action, const char *user,
                        const char *session, struct reason *why)
{
    char change[64];
    struct audit_note note = {
        .action = action, .target_kind = "user", .target_id = user, .after = change};

    snprintf(change, sizeof(change), "{\"session\":\"%s\"}", session != NULL ? session : "*");
    return audit_add(home, &note, why);
}

/* Whether a user may still begin a session with what was proved. */
static enum result user_check(struct home *home, const char *user, const char *hash,
                              struct reason *why)
{
    char stored[USER_PASSWORD_MAX + 1] = "";
    struct user_row row;
    enum result result = user_row_get(home->db, user, &row, why);

    if (result == RESULT_OK)
        result = user_password_get(home->db, user, stored, why);
    if (result == RESULT_MISSING ||
        (result == RESULT_OK && (!row.active || strcmp(stored, hash) != 0)))
        result = reason_set(why, RESULT_DENIED, "the user has changed meanwhile");
    secret_wipe(stored, sizeof(stored));
    return result;
}

/*
 * Makes room for one more session.  Only if one has to end for it is this a change that
 * workers have to know of: *told then.
 */
static enum result room_make(struct home *home, const char *user, int64_t now, bool *told,
                             struct reason *why)
{
    int64_t count = 0;
    enum result result = session_rows_expire(home->db, now, EXPIRED_STEP, why);

    if (result == RESULT_OK)
        result = session_rows_count(home->db, user, &count, why);
    if (result != RESULT_OK || count < SESSION_COUNT_MAX)
        return result;
    epoch_begin(home->epoch);
    *told = true;
    result = note(home, "session.end", user, "oldest", why);
    if (result == RESULT_OK)
        result = session_rows_keep(home->db, user, SESSION_COUNT_MAX - 1, why);
    return result;
}

static enum result begin(struct home *home, const char *hash, const struct session_row *row,
                         bool *told, struct reason *why)
{
    enum result result = user_check(home, row->user, hash, why);

    if (result == RESULT_OK)
        result = room_make(home, row->user, row->created_at, told, why);
    if (result == RESULT_OK)
        result = session_row_insert(home->db, row, why);
    if (result == RESULT_OK)
        result = user_login_note(home->db, row->user, row->created_at, why);
    if (result == RESULT_OK)
        result = note(home, "session.begin", row->user, row->id, why);
    return result;
}

/* A new session, as its row is to be. */
static void row_make(const struct home *home, const char *user, const char *address,
                     struct session_row *row)
{
    uint8_t id[16];

    _Static_assert(BASE64URL_LEN(sizeof(id)) == SESSION_ID_LEN, "an id is so long");
    memset(row, 0, sizeof(*row));
    secret_random(id, sizeof(id));
    base64url_write(row->id, id, sizeof(id));
    text_copy(row->user, sizeof(row->user), user);
    text_copy(row->address, sizeof(row->address), address);
    row->created_at = row->used_at = clock_wall_s();
    row->expires_at = row->created_at + home->config.session_lifetime;
    row->generation = 1;
}

enum result session_begin(struct home *home, const char *user, const char *hash,
                          const char *address, struct session_row *row,
                          char refresh[SESSION_REFRESH_MAX + 1], struct reason *why)
{
    bool told = false;
    enum result result;

    row_make(home, user, address, row);
    result = refresh_print(home, row->id, row->generation, refresh, why);
    if (result == RESULT_OK)
        result = db_begin_lasting(home->db, why);
    if (result != RESULT_OK)
        return result;
    result = begin(home, hash, row, &told, why);
    if (result == RESULT_OK)
        result = db_commit(home->db, why);
    else
        db_rollback(home->db);
    if (told)
        epoch_end(home->epoch);
    if (result == RESULT_OK)
        audit_settle(home);
    return result;
}

/* A used token has come again: ends the session, if that has not happened yet. */
static enum result reused(struct home *home, const struct session_row *row, struct reason *why)
{
    enum result result = home_change_begin(home, why);

    if (result != RESULT_OK)
        return result;
    result = session_row_end(home->db, row->id, why);
    if (result == RESULT_OK)
        result = note(home, "session.reuse", row->user, row->id, why);
    result = home_change_end(home, result, why);
    return result == RESULT_OK || result == RESULT_MISSING ? RESULT_DENIED : result;
}

/* The session that a token of this generation may go on with. */
static enum result row_check(struct home *home, const char *id, int64_t generation,
                             struct session_row *row, struct reason *why)
{
    struct user_row user;
    enum result result = session_row_get(home->db, id, row, why);

    if (result == RESULT_OK && generation < row->generation)
        return reused(home, row, why);
    if (result == RESULT_OK)
        result = user_row_get(home->db, row->user, &user, why);
    if (result == RESULT_MISSING ||
        (result == RESULT_OK &&
         (generation != row->generation || generation >= generation_max ||
          row->expires_at <= clock_wall_s() || !user.active)))
        result = RESULT_DENIED;
    return result;
}

enum result session_refresh(struct home *home, const char *text, size_t len,
                            struct session_row *row, char refresh[SESSION_REFRESH_MAX + 1],
                            struct reason *why)
{
    char id[SESSION_ID_LEN + 1];
    int64_t generation;
    enum result result = refresh_check(home, text, len, id, &generation, why);

    refresh[0] = '\0';
    if (result == RESULT_OK)
        result = row_check(home, id, generation, row, why);
    if (result == RESULT_OK)
        result = refresh_print(home, id, generation + 1, refresh, why);
    if (result == RESULT_OK)
        result = session_row_rotate(home->db, id, generation, clock_wall_s(), why);
    if (result == RESULT_OK)
        row->generation++;
    else if (result == RESULT_MISSING) /* another has used it this instant, or it has ended */
        result = reused(home, row, why);
    if (result == RESULT_DENIED)
        reason_set(why, result, "the refresh token does not hold");
    if (result != RESULT_OK)
        secret_wipe(refresh, SESSION_REFRESH_MAX + 1);
    return result;
}

enum result session_end(struct home *home, const char *id, struct reason *why)
{
    struct session_row row;
    enum result result = home_change_begin(home, why);

    if (result != RESULT_OK)
        return result;
    result = session_row_get(home->db, id, &row, why);
    if (result == RESULT_OK)
        result = session_row_end(home->db, id, why);
    if (result == RESULT_OK)
        result = note(home, "session.end", row.user, row.id, why);
    return home_change_end(home, result, why);
}

enum result session_end_all(struct home *home, const char *user, struct reason *why)
{
    enum result result = home_change_begin(home, why);

    if (result != RESULT_OK)
        return result;
    result = session_rows_end(home->db, user, NULL, why);
    if (result == RESULT_OK)
        result = note(home, "session.end", user, NULL, why);
    return home_change_end(home, result, why);
}
