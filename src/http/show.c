/*
 * show.c: rows of the database as JSON of the API.  What may get out is what stands here.
 */
#include "http/show.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/key.h"
#include "gate/registry.h"
#include "gate/user.h"

enum {
    US = 1000000
};

void show_time(struct json_writer *writer, const char *key, int64_t seconds)
{
    char time[CLOCK_RFC3339_MAX];

    if (seconds != 0)
        clock_rfc3339(time, seconds * US);
    json_member_string(writer, key, seconds != 0 ? time : NULL);
}

void show_text(struct json_writer *writer, const char *key, const char *text)
{
    json_member_string(writer, key, text[0] != '\0' ? text : NULL);
}

void show_user_members(struct json_writer *writer, const struct user_row *row)
{
    json_member_string(writer, "id", row->id);
    json_member_string(writer, "username", row->username);
    json_member_string(writer, "first_name", row->first_name);
    json_member_string(writer, "last_name", row->last_name);
    show_text(writer, "country", row->country);
    json_member_string(writer, "role", user_role_name(row->role));
    json_member_bool(writer, "is_active", row->active);
    json_member_string(writer, "models", row->models);
    json_member_string(writer, "tier", row->tier);
    show_time(writer, "created_at", row->created_at);
    show_time(writer, "last_login_at", row->last_login_at);
}

void show_user(struct json_writer *writer, const struct user_row *row)
{
    json_write_object(writer);
    show_user_members(writer, row);
    json_write_object_end(writer);
}

/* The mask that logs have of it too. */
static void mask_member(struct json_writer *writer, const struct key_row *row)
{
    char mask[KEY_MASK_LEN + 1];

    key_mask_print(mask, row->id);
    json_member_string(writer, "masked_key", mask);
}

/* Nobody can say what limits a revoked key had whose tier is gone. */
static void limits_member(struct json_writer *writer, const struct key_row *row)
{
    char text[LIMITS_TEXT_MAX];
    struct limits limits;
    bool known = row->of_tier.name[0] != '\0' && key_limits(row, &limits, NULL) == RESULT_OK;

    if (known)
        limits_print(text, &limits);
    json_member_string(writer, "limits", known ? text : NULL);
}

void show_key_members(struct json_writer *writer, const struct key_row *row,
                      const struct key_more *more, int64_t now)
{
    bool old_holds = row->revoked_at == 0 && row->before_until > now;
    char scopes[KEY_SCOPES_MAX + 1];

    key_scopes_print(scopes, row->scopes);
    json_member_string(writer, "id", row->id);
    json_member_string(writer, "name", row->name);
    mask_member(writer, row);
    json_member_string(writer, "state", key_state_name(key_state_at(row, now)));
    show_text(writer, "user", row->owner.id);
    json_member_string(writer, "tier", row->tier);
    json_member_string(writer, "scopes", scopes);
    json_member_string(writer, "models", row->models);
    json_member_string(writer, "addresses", row->addresses);
    limits_member(writer, row);
    json_member_string(writer, "own_limits", row->limits);
    show_time(writer, "created_at", row->created_at);
    show_time(writer, "expires_at", row->expires_at);
    show_time(writer, "revoked_at", row->revoked_at);
    show_time(writer, "rotated_at", row->rotated_at);
    show_time(writer, "old_until", old_holds ? row->before_until : 0);
    show_time(writer, "last_used_at", more->last_us / US);
    json_write_key(writer, "metadata");
    json_write_raw(writer, more->metadata, strlen(more->metadata));
}

void show_key(struct json_writer *writer, const struct key_row *row,
              const struct key_more *more, int64_t now)
{
    json_write_object(writer);
    show_key_members(writer, row, more, now);
    json_write_object_end(writer);
}

/* What a call by token has in the place of a key is its user's id. */
static void key_member(struct json_writer *writer, const char *key, const char *user)
{
    json_member_string(writer, "key", strcmp(key, user) != 0 ? key : NULL);
}

void show_call(struct json_writer *writer, const struct call_row *row)
{
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339_us(time, row->started_us);
    json_write_object(writer);
    json_member_string(writer, "request_id", row->request_id);
    json_member_string(writer, "started_at", time);
    json_member_i64(writer, "duration_us", row->duration_us);
    key_member(writer, row->key, row->user);
    show_text(writer, "user", row->user);
    show_text(writer, "model", row->model);
    json_write_key(writer, "version");
    if (row->version != 0)
        json_write_i64(writer, row->version);
    else
        json_write_null(writer);
    show_text(writer, "route", row->route);
    json_member_i64(writer, "rows", row->rows);
    json_member_i64(writer, "charged", row->charged);
    json_member_i64(writer, "status", row->status);
    show_text(writer, "address", row->address);
    json_write_object_end(writer);
}

void show_usage(struct json_writer *writer, const struct usage_row *row)
{
    char day[CLOCK_DATE_MAX];

    clock_date(day, row->day);
    json_write_object(writer);
    show_text(writer, "key", row->key);
    json_member_string(writer, "day", day);
    show_text(writer, "model", row->model);
    json_member_i64(writer, "calls", row->calls);
    json_member_i64(writer, "rows", row->rows);
    json_member_i64(writer, "charged", row->charged);
    json_member_i64(writer, "failed", row->failed);
    json_write_object_end(writer);
}

void show_totals(struct json_writer *writer, const struct usage_row *sum)
{
    const int64_t mean_us = sum->calls > 0 ? sum->duration_us / sum->calls : 0;

    json_write_key(writer, "totals");
    json_write_object(writer);
    json_member_i64(writer, "calls", sum->calls);
    json_member_i64(writer, "rows", sum->rows);
    json_member_i64(writer, "charged", sum->charged);
    json_member_i64(writer, "failed", sum->failed);
    json_write_key(writer, "mean_ms");
    if (sum->calls > 0)
        json_write_double(writer, (double)mean_us / 1000);
    else
        json_write_null(writer);
    json_write_object_end(writer);
}

void show_session(struct json_writer *writer, const struct session_row *row, bool current)
{
    char id[SHOW_SESSION_LEN + 1];

    text_copy(id, sizeof(id), row->id);
    json_write_object(writer);
    json_member_string(writer, "id", id);
    show_time(writer, "created_at", row->created_at);
    show_time(writer, "expires_at", row->expires_at);
    show_time(writer, "used_at", row->used_at);
    show_text(writer, "address", row->address);
    json_member_bool(writer, "current", current);
    json_write_object_end(writer);
}

void show_invitation_members(struct json_writer *writer, const struct invitation_row *row)
{
    json_member_string(writer, "id", row->id);
    show_text(writer, "username", row->username);
    json_member_string(writer, "role", user_role_name(row->role));
    json_member_string(writer, "models", row->models);
    json_member_string(writer, "tier", row->tier);
    show_text(writer, "made_by", row->made_by);
    show_time(writer, "created_at", row->created_at);
    show_time(writer, "expires_at", row->expires_at);
}

void show_standings(struct json_writer *writer, const char *key,
                    const struct ledger_verdict *verdict)
{
    char name[LIMIT_NAME_MAX];

    json_write_key(writer, key);
    json_write_array(writer);
    for (size_t i = 0; i < verdict->count; i++) {
        const struct ledger_standing *standing = &verdict->standings[i];

        limit_name(name, &standing->limit);
        json_write_object(writer);
        json_member_string(writer, "name", name);
        json_member_i64(writer, "limit", standing->limit.count);
        json_member_i64(writer, "remaining", standing->remaining);
        json_member_i64(writer, "reset_seconds", standing->reset_s);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

void show_keep(struct json_writer *writer, const struct model_row *row)
{
    char share[REGISTRY_SHARE_TEXT];

    json_write_key(writer, "keep");
    if (row->keep_share == 0) {
        json_write_null(writer);
        return;
    }
    registry_share_print(share, row->keep_share);
    json_write_object(writer);
    json_member_string(writer, "rate", share);
    json_member_i64(writer, "days", row->keep_days);
    json_write_object_end(writer);
}
