/*
 * cmd_top.c: forestgate top: what the service does just now.
 *
 * Once, as text or JSON, or again and again on a terminal (cmd/screen.h).
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/cli.h"
#include "cmd/screen.h"
#include "cmd/terminal.h"
#include "cmd/top_look.h"

enum {
    MS_MIN = 200,
    MS_MAX = 3600000,
    LINES_PLAIN = 40,  /* where there is no window */
    GROUPS_JSON = 1000 /* of each kind, the largest */
};

/* ---- as JSON ---- */

static double rounded_rate(const struct top *top, int64_t count)
{
    return top->view.window_s > 0
               ? (double)(int64_t)((double)count / top->view.window_s * 1000 + 0.5) / 1000
               : 0;
}

static void times_write(struct json_writer *writer, const struct top_times *times)
{
    json_write_key(writer, "duration_ms");
    json_write_object(writer);
    json_member_double(writer, "p50", (double)times->p50_us / 1000);
    json_member_double(writer, "p90", (double)times->p90_us / 1000);
    json_member_double(writer, "p99", (double)times->p99_us / 1000);
    json_member_double(writer, "max", (double)times->most_us / 1000);
    json_write_object_end(writer);
}

static void groups_write(struct json_writer *writer, const struct top *top, enum top_by by)
{
    const struct top_groups *groups = &top->sums.by[by];
    char name[TOP_NAME_MAX + 1], members[16];

    text_print(members, sizeof(members), "%ss", top_by_name(by));
    json_write_key(writer, members);
    json_write_array(writer);
    for (size_t i = 0; i < groups->count && i < GROUPS_JSON; i++) {
        const struct top_group *group = &groups->items[i];

        top_name((void *)top, by, group->name, name);
        json_write_object(writer);
        json_member_string(writer, by == TOP_BY_KEY ? "id" : "name", group->name);
        if (by == TOP_BY_KEY)
            json_member_string(writer, "name", name);
        json_member_i64(writer, "calls", group->calls);
        json_member_double(writer, "calls_per_second", rounded_rate(top, group->calls));
        json_member_i64(writer, "rows", group->rows);
        json_member_i64(writer, "failed", group->failed);
        times_write(writer, &group->times);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

static void status_write(struct json_writer *writer, size_t status, int64_t count)
{
    char member[16];

    text_print(member, sizeof(member), "%zu", status);
    if (count > 0)
        json_member_i64(writer, member, count);
}

static void statuses_write(struct json_writer *writer, const struct top_sums *sums)
{
    json_write_key(writer, "statuses");
    json_write_object(writer);
    for (size_t i = 0; i < TOP_STATUS_MAX; i++)
        status_write(writer, i, sums->statuses[i]);
    json_write_object_end(writer);
}

/* All answers since they are counted, pages and refusals among them. */
static void answers_write(struct json_writer *writer, const struct top *top)
{
    json_write_key(writer, "answers");
    json_write_object(writer);
    for (size_t i = 0; i < TOP_STATUS_MAX; i++)
        status_write(writer, i, (int64_t)top->answers.statuses[i]);
    json_write_object_end(writer);
}

static void top_write(struct json_writer *writer, const struct top *top)
{
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339(time, top->sums.now_us);
    json_write_object(writer);
    json_member_string(writer, "time", time);
    json_member_double(writer, "seconds", top->view.window_s);
    json_member_i64(writer, "calls", top->sums.calls);
    json_member_double(writer, "calls_per_second", rounded_rate(top, top->sums.calls));
    json_member_i64(writer, "rows", top->sums.rows);
    json_member_i64(writer, "failed", top->sums.failed);
    json_member_i64(writer, "in_hand", top->peek.open);
    json_member_i64(writer, "workers", top->view.workers);
    json_member_i64(writer, "busy", top->view.busy);
    json_member_i64(writer, "waiting_for_log", top->peek.waiting);
    json_member_i64(writer, "jobs", top->jobs.jobs);
    json_member_i64(writer, "jobs_open", top->jobs.open);
    times_write(writer, &top->sums.times);
    statuses_write(writer, &top->sums);
    answers_write(writer, top);
    for (size_t by = 0; by < TOP_BY__MAX; by++)
        groups_write(writer, top, by);
    json_write_object_end(writer);
}

/* ---- once, and for as long as somebody looks ---- */

static int show_once(struct top *top, const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct reason why;

    result = top_look(top, &why);
    top->view.columns = terminal_width(STDOUT_FILENO);
    top->view.lines = LINES_PLAIN;
    if (result == RESULT_OK && option_given(set, "--json"))
        top_write(&writer, top);
    else if (result == RESULT_OK)
        top_draw(&top->view, &text);
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.data[--text.len] = '\0'; /* which is printed */
    return cli_answer(&text, result, &why);
}

/* Whether it goes on. */
static bool key_obey(struct top *top, char key)
{
    if (key == 's')
        top->view.sort = (enum top_sort)((top->view.sort + 1) % TOP_SORT__MAX);
    else if (key == 'k')
        top->view.by = TOP_BY_KEY;
    else if (key == 'm')
        top->view.by = TOP_BY_MODEL;
    else if (key == 'r')
        top->view.by = TOP_BY_ROUTE;
    return key != 'q' && key != 'Q';
}

static enum result frame_show(struct top *top, bool *gone, struct reason *why)
{
    struct buf text = {0};
    enum result result = top_look(top, why);

    top->view.columns = terminal_width(STDOUT_FILENO);
    top->view.lines = LINES_PLAIN;
    terminal_size(STDOUT_FILENO, &top->view.columns, &top->view.lines);
    if (result == RESULT_OK) {
        top_draw(&top->view, &text);
        *gone = buf_failed(&text) || !screen_show(&text);
    }
    buf_free(&text);
    return result;
}

static int show_live(struct top *top)
{
    enum screen_event event = SCREEN_TIME;
    bool gone = false, more = true;
    enum result result;
    struct reason why;
    char key = '\0';

    result = screen_enter(&why);
    while (result == RESULT_OK && !gone && more && event != SCREEN_ENDED) {
        result = frame_show(top, &gone, &why);
        if (result != RESULT_OK || gone)
            break;
        event = screen_wait(top->interval_ms, &key);
        more = event != SCREEN_KEY || key_obey(top, key);
    }
    screen_leave();
    if (result != RESULT_OK)
        return cli_fail(&why);
    if (screen_signal() != 0)
        raise(screen_signal()); /* whoever started it sees by what it ended */
    return gone ? CLI_FAILED : CLI_DONE;
}

static enum result options_read(const struct option_set *set, struct top *top,
                                struct reason *why)
{
    const char *interval = option_value(set, "--interval"), *by = option_value(set, "--by"),
               *sort = option_value(set, "--sort");
    char *end;
    double seconds = strtod(interval, &end);

    if (end == interval || (*end != '\0' && strcmp(end, "s") != 0) ||
        !(seconds * 1000 >= MS_MIN && seconds * 1000 <= MS_MAX))
        return reason_set(why, RESULT_INVALID,
                          "--interval: \"%.40s\" is not allowed; allowed: seconds from 0.2 to "
                          "3600",
                          interval);
    top->interval_ms = (int64_t)(seconds * 1000);
    top->view.by = TOP_BY__MAX;
    top->view.sort = TOP_SORT__MAX;
    for (enum top_by i = 0; i < TOP_BY__MAX; i++)
        if (strcmp(by, top_by_name(i)) == 0)
            top->view.by = i;
    for (enum top_sort i = 0; i < TOP_SORT__MAX; i++)
        if (strcmp(sort, top_sort_name(i)) == 0)
            top->view.sort = i;
    if (top->view.by == TOP_BY__MAX)
        return reason_set(why, RESULT_INVALID,
                          "--by: \"%.40s\" is not allowed; allowed: key, model or route", by);
    if (top->view.sort == TOP_SORT__MAX)
        return reason_set(why, RESULT_INVALID,
                          "--sort: \"%.40s\" is not allowed; allowed: calls, rows, failed, p99 "
                          "or name",
                          sort);
    return RESULT_OK;
}

static int run_top(const struct option_set *set)
{
    struct top top = {.interval_ms = 0};
    bool live = !option_given(set, "--once") && !option_given(set, "--json") &&
                terminal_draws(STDOUT_FILENO);
    struct reason why;
    struct home home;
    int status;

    if (options_read(set, &top, &why) != RESULT_OK)
        return cli_misuse(&why);
    top.view.home = cli_home_path(set);
    top.view.utf8 = terminal_speaks_utf8();
    top.view.keys_work = live;
    top.view.name = top_name;
    top.view.arg = &top;
    top.home = &home;
    if (cli_home_open(set, &home, &why) != RESULT_OK)
        return cli_home_end(&home, cli_fail(&why));
    status = live ? show_live(&top) : show_once(&top, set);
    top_close(&top);
    return cli_home_end(&home, status);
}

static const struct option_row top_options[] = {
    {"--once", NULL, "one look, as text; so it is off a terminal in any case", NULL},
    {"--interval", "SECONDS", "between two looks, from 0.2 to 3600", "2"},
    {"--by", "key|model|route", "what a line is of; the keys k, m and r change it", "key"},
    {"--sort", "calls|rows|failed|p99|name", "by what; the key s changes it", "calls"},
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_top_commands[] = {
    {"top", NULL, "", 0, top_options, run_top, "watch calls, times and keys as they come",
     "  forestgate top\n"
     "  forestgate top --by model --sort p99 --interval 5\n"
     "  forestgate top --json | jq .duration_ms.p99\n"},
    {0},
};
