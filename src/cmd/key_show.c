/*
 * key_show.c: a key as forestgate key shows it.
 */
#include "cmd/key_show.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/cli.h"
#include "gate/key.h"
#include "http/show.h"

const char key_show_head[] =
    "ID            STATE     TIER          CREATED           EXPIRES     "
    "      LAST USE          NAME                  MODELS";

enum {
    US = 1000000
};

static const char *state_name(const struct key_row *row)
{
    return key_state_name(key_state_at(row, clock_wall_s()));
}

/* Until when the secret before the last rotation holds; 0 if it does not. */
static int64_t old_until(const struct key_row *row)
{
    bool holds = row->revoked_at == 0 && row->before_until > clock_wall_s();

    return holds ? row->before_until : 0;
}

/* False if nobody can say: the tier of a revoked key may be gone. */
static bool limits_in_force(const struct key_row *row, struct limits *out)
{
    return row->of_tier.name[0] != '\0' && key_limits(row, out, NULL) == RESULT_OK;
}

static void limits_json(struct json_writer *writer, const struct key_row *row)
{
    struct limits limits;

    if (limits_in_force(row, &limits)) {
        cli_json_limits(writer, &limits);
        json_member_string(writer, "price", tier_price_name(row->of_tier.price));
        json_member_bool(writer, "shadow", row->of_tier.shadow);
    } else {
        json_member_string(writer, "limits", NULL);
    }
    json_member_string(writer, "own_limits", row->limits);
}

void key_show_json(struct json_writer *writer, const struct key_row *row,
                   const struct key_more *more)
{
    char scopes[KEY_SCOPES_MAX + 1];

    key_scopes_print(scopes, row->scopes);
    json_member_string(writer, "id", row->id);
    json_member_string(writer, "name", row->name);
    json_member_string(writer, "state", state_name(row));
    json_member_string(writer, "user", row->owner.id[0] != '\0' ? row->owner.id : NULL);
    json_member_string(writer, "tier", row->tier);
    json_member_string(writer, "scopes", scopes);
    json_member_string(writer, "models", row->models);
    limits_json(writer, row);
    json_member_string(writer, "addresses", row->addresses);
    show_time(writer, "created_at", row->created_at);
    show_time(writer, "expires_at", row->expires_at);
    show_time(writer, "revoked_at", row->revoked_at);
    show_time(writer, "rotated_at", row->rotated_at);
    show_time(writer, "old_until", old_until(row));
    if (more == NULL)
        return;
    show_time(writer, "last_used_at", more->last_us / US);
    json_write_key(writer, "metadata");
    json_write_raw(writer, more->metadata, strlen(more->metadata));
}

static void time_line(struct buf *text, const char *name, int64_t seconds)
{
    char time[20];

    cli_time_print(time, seconds);
    buf_printf(text, "\n%-10s %s", name, time);
}

static void limits_line(struct buf *text, const struct key_row *row)
{
    const struct tier_row *tier = &row->of_tier;
    char shown[LIMITS_TEXT_MAX] = "-";
    struct limits limits;

    if (limits_in_force(row, &limits))
        limits_print(shown, &limits);
    buf_printf(text, "\nlimits     %s%s%s%s%s", shown[0] == '\0' ? "none" : shown,
               row->limits[0] != '\0' ? ", of which its own: " : "", row->limits,
               tier->price == TIER_PRICE_ROW ? ", each row counted" : "",
               tier->shadow ? ", not enforced" : "");
}

void key_show_text(struct buf *text, const struct key_shown *key)
{
    const struct key_row *row = &key->row;
    char scopes[KEY_SCOPES_MAX + 1];

    key_scopes_print(scopes, row->scopes);
    buf_printf(text,
               "id         %s\nname       %s\nstate      %s\nuser       %s\ntier       %s\n"
               "scopes     %s\nmodels     %s",
               row->id, row->name, state_name(row),
               row->owner.id[0] != '\0' ? row->owner.id : "-", row->tier, scopes, row->models);
    limits_line(text, row);
    buf_printf(text, "\naddresses  %s", row->addresses[0] == '\0' ? "any" : row->addresses);
    time_line(text, "created", row->created_at);
    time_line(text, "expires", row->expires_at);
    time_line(text, "revoked", row->revoked_at);
    time_line(text, "rotated", row->rotated_at);
    if (old_until(row) != 0)
        time_line(text, "old until", old_until(row));
    time_line(text, "last use", key->more.last_us / US);
    buf_printf(text, "\nmetadata   %s", key->more.metadata);
}

void key_show_line(struct buf *text, const struct key_row *row, const struct key_more *more)
{
    char created[20], expires[20], used[20];

    cli_time_print(created, row->created_at);
    cli_time_print(expires, row->expires_at);
    cli_time_print(used, more->last_us / US);
    buf_printf(text, "\n%-12s  %-8s  %-12s  %-16s  %-16s  %-16s  %-20s  %s", row->id,
               state_name(row), row->tier, created, expires, used, row->name, row->models);
}
