/*
 * login.c: a login by username and password.
 */
#include "gate/login.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/password.h"
#include "gate/throttle.h"

/* A login on its way. */
struct login {
    char username[USER_USERNAME_MAX + 1]; /* as the database has it */
    struct user_row user;                 /* id empty: there is none */
    char hash[USER_PASSWORD_MAX + 1];
    struct throttle_attempt attempt;
};

/* Usernames are in lower case.  One that is too long for any becomes one that is nobody's. */
static void username_fold(const char *from, char out[USER_USERNAME_MAX + 1])
{
    if (!text_copy_lower(out, USER_USERNAME_MAX + 1, from))
        out[0] = ' ';
}

/* Reads the user and the hash: as much is asked if there is none. */
static enum result user_read(struct home *home, struct login *login, struct reason *why)
{
    enum result result = user_row_find(home->db, login->username, &login->user, why);

    if (result == RESULT_OK || result == RESULT_MISSING)
        result = user_password_get(home->db, login->user.id, login->hash, why);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

/* Puts a new hash in the place of the one that was proved, unless that is gone by now. */
static enum result hash_replace(struct home *home, struct login *login, const char *made,
                                struct reason *why)
{
    char stored[USER_PASSWORD_MAX + 1] = "";
    enum result result = db_begin(home->db, why);
    bool same;

    if (result != RESULT_OK)
        return result;
    result = user_password_get(home->db, login->user.id, stored, why);
    same = strcmp(stored, login->hash) == 0;
    secret_wipe(stored, sizeof(stored));
    if (result == RESULT_OK && same)
        result =
            user_password_set(home->db, login->user.id, made, login->user.password_at, why);
    if (result == RESULT_OK)
        result = db_commit(home->db, why);
    else
        db_rollback(home->db);
    if (result == RESULT_OK && same)
        text_copy(login->hash, sizeof(login->hash), made);
    return result;
}

/*
 * Makes an old hash anew.  It is the same password, so no session ends.  That it cannot be
 * done now is no matter.
 */
static void rehash(struct home *home, struct login *login, const struct login_try *tried)
{
    char made[USER_PASSWORD_MAX + 1] = "";
    struct reason why = {{0}};
    enum result result = password_hash(home, tried->password, tried->password_len, made, &why);

    if (result == RESULT_OK)
        result = hash_replace(home, login, made, &why);
    if (result != RESULT_OK && result != RESULT_BUSY)
        log_message("the hash of a password could not be made anew: %s", why.text);
    secret_wipe(made, sizeof(made));
}

/* The password is right: lets the user in who may. */
static enum result let_in(struct home *home, struct login *login, const struct login_try *tried,
                          bool stale, struct login_done *done, struct reason *why)
{
    enum result result =
        throttle_right(home, &login->attempt, login->user.id, &tried->from, why);

    if (result != RESULT_OK)
        return result;
    done->verdict = login->user.active ? LOGIN_RIGHT : LOGIN_INACTIVE;
    if (!login->user.active)
        return RESULT_OK;
    if (stale)
        rehash(home, login, tried);
    if (tried->proof_alone)
        return RESULT_OK;
    snprintf(home->actor.name, sizeof(home->actor.name), "user:%s", login->user.id);
    result = session_begin(home, login->user.id, login->hash, tried->address, &done->session,
                           done->refresh, why);
    if (result == RESULT_DENIED) { /* another password, or none any more, since it was looked */
        done->verdict = LOGIN_WRONG;
        result = RESULT_OK;
    }
    return result;
}

/* Looks at the password of an attempt that was let through. */
static enum result look(struct home *home, struct login *login, const struct login_try *tried,
                        struct login_done *done, struct reason *why)
{
    bool stale = false;
    enum result result =
        password_check(home, login->hash, tried->password, tried->password_len, &stale, why);

    if (result == RESULT_OK)
        return let_in(home, login, tried, stale, done, why);
    if (result == RESULT_DENIED) {
        done->verdict = LOGIN_WRONG;
        return RESULT_OK;
    }
    if (throttle_withdraw(home, &login->attempt, NULL) != RESULT_OK)
        log_message("a login that nobody has looked at stays counted");
    return result;
}

enum result login_password(struct home *home, const struct login_try *tried,
                           struct login_done *done, struct reason *why)
{
    struct login login = {.username = ""};
    enum result result;

    memset(done, 0, sizeof(*done));
    done->verdict = LOGIN_WRONG;
    username_fold(tried->username, login.username);
    result = user_read(home, &login, why);
    if (result == RESULT_OK)
        result = throttle_try(home, login.username, login.user.id, &tried->from, &login.attempt,
                              &done->wait_s, why);
    if (result == RESULT_OK) {
        result = look(home, &login, tried, done, why);
    } else if (result == RESULT_DENIED) {
        done->verdict = LOGIN_EARLY;
        result = RESULT_OK;
    }
    secret_wipe(login.hash, sizeof(login.hash));
    return result;
}
