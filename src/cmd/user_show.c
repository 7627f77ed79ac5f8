/*
 * user_show.c: a user as forestgate user shows it.
 */
#include "cmd/user_show.h"

#include <inttypes.h>

#include "base/clock.h"
#include "cmd/cli.h"
#include "cmd/key_show.h"
#include "gate/user.h"
#include "http/show.h"
#include "store/calls.h"

const char user_show_head[] =
    "ID            ROLE   ACTIVE  TIER          CREATED           LAST LOGIN        "
    "USERNAME                        MODELS";

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

void user_show_line(struct buf *text, const struct user_row *row)
{
    char created[20], login[20];

    cli_time_print(created, row->created_at);
    cli_time_print(login, row->last_login_at);
    buf_printf(text, "\n%-12s  %-5s  %-6s  %-12s  %-16s  %-16s  %-30s  %s", row->id,
               user_role_name(row->role), row->active ? "yes" : "no", row->tier, created, login,
               row->username, or_dash(row->models));
}

/* What a user's keys and logins have used together. */
struct used {
    int64_t day, month; /* charged today and this month, by UTC */
    int64_t calls, rows, failed;
};

static void used_add(void *arg, const struct usage_row *row)
{
    struct used *used = arg;

    used->calls += row->calls;
    used->rows += row->rows;
    used->failed += row->failed;
}

static enum result used_read(struct home *home, const char *id, struct used *used,
                             struct reason *why)
{
    int64_t today = call_day(clock_wall_us());
    struct clock_month month = clock_month_of(today);
    struct call_filter filter = {.user = id};
    enum result result = cli_calls_bring_in(home, why);

    *used = (struct used){0};
    if (result == RESULT_OK)
        result = usage_charged(home->db, id, today, today, &used->day, why);
    if (result == RESULT_OK)
        result = usage_charged(home->db, id, month.first, month.last, &used->month, why);
    if (result == RESULT_OK)
        result = usage_row_list(home->db, &filter, used_add, used, why);
    return result;
}

/* What is made of a user's keys and sessions while they are read. */
struct shown {
    struct home *home;
    struct buf *text;
    struct json_writer writer;
    enum result result; /* of what is read beside the rows */
    struct reason *why;
};

static void key_json(void *arg, const struct key_row *row)
{
    struct shown *shown = arg;
    struct key_more more;

    if (shown->result == RESULT_OK)
        shown->result = key_more_get(shown->home->db, row->id, &more, shown->why);
    if (shown->result != RESULT_OK)
        return;
    json_write_object(&shown->writer);
    key_show_json(&shown->writer, row, &more);
    json_write_object_end(&shown->writer);
}

/* Its id is a secret of a kind: the beginning tells it apart. */
static void session_json(void *arg, const struct session_row *row)
{
    struct shown *shown = arg;

    json_write_object(&shown->writer);
    json_write_key(&shown->writer, "id");
    json_write_string_n(&shown->writer, row->id, SHOW_SESSION_LEN);
    show_time(&shown->writer, "created_at", row->created_at);
    show_time(&shown->writer, "expires_at", row->expires_at);
    show_time(&shown->writer, "used_at", row->used_at);
    show_text(&shown->writer, "address", row->address);
    json_write_object_end(&shown->writer);
}

static void used_json(struct json_writer *writer, const struct used *used)
{
    json_write_key(writer, "usage");
    json_write_object(writer);
    json_member_i64(writer, "day", used->day);
    json_member_i64(writer, "month", used->month);
    json_member_i64(writer, "calls", used->calls);
    json_member_i64(writer, "rows", used->rows);
    json_member_i64(writer, "failed", used->failed);
    json_write_object_end(writer);
}

enum result user_show_json(struct home *home, const struct user_row *row, struct buf *text,
                           struct reason *why)
{
    struct shown shown = {home, text, json_writer_on(text), RESULT_OK, why};
    struct used used;
    enum result result = used_read(home, row->id, &used, why);

    if (result != RESULT_OK)
        return result;
    json_write_object(&shown.writer);
    show_user_members(&shown.writer, row);
    json_write_key(&shown.writer, "keys");
    json_write_array(&shown.writer);
    result = key_row_list_of(home->db, row->id, key_json, &shown, why);
    json_write_array_end(&shown.writer);
    if (result == RESULT_OK)
        result = shown.result;
    json_write_key(&shown.writer, "sessions");
    json_write_array(&shown.writer);
    if (result == RESULT_OK)
        result = session_row_list(home->db, row->id, session_json, &shown, why);
    json_write_array_end(&shown.writer);
    used_json(&shown.writer, &used);
    json_write_object_end(&shown.writer);
    return result;
}

static void key_line(void *arg, const struct key_row *row)
{
    struct shown *shown = arg;
    enum key_state state = key_state_at(row, clock_wall_s());

    buf_printf(shown->text, "\nkey        %s  %-7s  %s", row->id, key_state_name(state),
               row->name);
}

static void session_line(void *arg, const struct session_row *row)
{
    struct shown *shown = arg;
    char used[20], until[20];

    cli_time_print(used, row->used_at);
    cli_time_print(until, row->expires_at);
    buf_printf(shown->text, "\nsession    %.*s  used %s  until %s  %s", SHOW_SESSION_LEN,
               row->id, used, until, or_dash(row->address));
}

static void time_line(struct buf *text, const char *name, int64_t seconds)
{
    char time[20];

    cli_time_print(time, seconds);
    buf_printf(text, "\n%-10s %s", name, time);
}

enum result user_show_text(struct home *home, const struct user_row *row, struct buf *text,
                           struct reason *why)
{
    struct shown shown = {home, text, json_writer_on(text), RESULT_OK, why};
    struct used used;
    enum result result = used_read(home, row->id, &used, why);

    if (result != RESULT_OK)
        return result;
    buf_printf(text, "id         %s\nusername   %s\nname       %s %s\ncountry    %s", row->id,
               row->username, or_dash(row->first_name), or_dash(row->last_name),
               or_dash(row->country));
    buf_printf(text, "\nrole       %s\nactive     %s\nmodels     %s\ntier       %s",
               user_role_name(row->role), row->active ? "yes" : "no",
               row->models[0] != '\0' ? row->models : "none", row->tier);
    time_line(text, "created", row->created_at);
    time_line(text, "password", row->password_at);
    time_line(text, "last login", row->last_login_at);
    result = key_row_list_of(home->db, row->id, key_line, &shown, why);
    if (result == RESULT_OK)
        result = session_row_list(home->db, row->id, session_line, &shown, why);
    buf_printf(text,
               "\nused       %" PRId64 " today, %" PRId64
               " this month (UTC)\ncalls      %" PRId64 " in all, %" PRId64
               " of them failed, with %" PRId64 " rows",
               used.day, used.month, used.calls, used.failed, used.rows);
    return result;
}
