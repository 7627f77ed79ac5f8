/*
 * show.h: rows of the database as JSON of the API.
 *
 * One function for each kind, and each writes one whole object with the members that are listed
 * with it, always all of them, and nothing else: what is not named here never gets out, be it
 * in the row or not.  Times are RFC 3339, and null where there is none; so are empty texts,
 * unless they mean something.  Lists of words are texts, as the CLI has them: "predict,read",
 * "*".
 */
#ifndef HTTP_SHOW_H
#define HTTP_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_write.h"
#include "gate/ledger.h"
#include "store/calls.h"
#include "store/keys.h"
#include "store/models.h"
#include "store/sessions.h"
#include "store/users.h"

/* A member that is a time in seconds since 1970, null for 0. */
void show_time(struct json_writer *writer, const char *key, int64_t seconds);

/* A member that is a text, null if it is empty. */
void show_text(struct json_writer *writer, const char *key, const char *text);

/*
 * id, username, first_name, last_name, country, role, is_active, models, tier, created_at,
 * last_login_at.  models is "" for none.  show_user_members() writes the same without the
 * braces.
 */
void show_user(struct json_writer *writer, const struct user_row *row);
void show_user_members(struct json_writer *writer, const struct user_row *row);

/*
 * id, name, masked_key, state, user, tier, scopes, models, addresses, limits, own_limits,
 * created_at, expires_at, revoked_at, rotated_at, old_until, last_used_at, metadata; now is in
 * seconds.  limits are those in force, "" for none and null if nobody can say; own_limits those
 * that stand in the place of the tier's, "" for none; addresses is "" for any;
 * old_until is until when the secret before the last rotation holds, null if it does not.
 * show_key_members() writes the same without the braces.
 */
void show_key(struct json_writer *writer, const struct key_row *row,
              const struct key_more *more, int64_t now);
void show_key_members(struct json_writer *writer, const struct key_row *row,
                      const struct key_more *more, int64_t now);

/*
 * request_id, started_at, duration_us, key, user, model, version, route, rows,
 * charged, status, address.  key is null for a call by token.
 */
void show_call(struct json_writer *writer, const struct call_row *row);

/*
 * key, day, model, calls, rows, charged, failed.  model is null where the calls had come to
 * none; key is the user's id for calls by token, and null in a sum over several.
 */
void show_usage(struct json_writer *writer, const struct usage_row *row);

/* A member "totals": calls, rows, charged, failed, mean_ms; that is null without calls. */
void show_totals(struct json_writer *writer, const struct usage_row *sum);

/*
 * id, created_at, expires_at, used_at, address, current.  The id is the first
 * SHOW_SESSION_LEN characters: enough to tell a user's sessions apart.
 */
enum {
    SHOW_SESSION_LEN = 8
};
void show_session(struct json_writer *writer, const struct session_row *row, bool current);

/*
 * The members of an invitation, without its secret: id, username, role, models, tier, made_by,
 * created_at, expires_at.  username is null where it is for whoever has it.
 */
void show_invitation_members(struct json_writer *writer, const struct invitation_row *row);

/* A member keep: {rate, days} as the model's setting is, or null where nothing is kept. */
void show_keep(struct json_writer *writer, const struct model_row *row);

/*
 * A member that is a list of {name, limit, remaining, reset_seconds}, one for each limit and
 * in its order.
 */
void show_standings(struct json_writer *writer, const char *key,
                    const struct ledger_verdict *verdict);

#endif
