/*
 * cmd_job.c: forestgate job: list, show, cancel; and what the ends of jobs are told with.
 *
 * Rows go through as they are read, so memory does not grow with them.
 */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "cmd/ask.h"
#include "cmd/cli.h"
#include "cmd/field_list.h"
#include "cmd/job_secret.h"
#include "cmd/job_tell.h"
#include "gate/queue.h"
#include "store/hooks.h"
#include "store/users.h"

/* A job as it is printed. */
struct job_shown {
    struct job_row row;
    char status[16], kind[8];
    double score;
};

#define JOB_AT(member) offsetof(struct job_shown, member)

static const struct field job_fields[] = {
    {"job_uuid", FIELD_TEXT, 0, JOB_AT(row.uuid)},
    {"status", FIELD_TEXT, 0, JOB_AT(status)},
    {"account", FIELD_TEXT, 0, JOB_AT(row.account)},
    {"key", FIELD_TEXT, 0, JOB_AT(row.key)},
    {"user", FIELD_TEXT, 0, JOB_AT(row.user)},
    {"request_id", FIELD_TEXT, 0, JOB_AT(row.request_id)},
    {"address", FIELD_TEXT, 0, JOB_AT(row.address)},
    {"model", FIELD_TEXT, 0, JOB_AT(row.model)},
    {"version", FIELD_SERIAL, 0, JOB_AT(row.version)},
    {"kind", FIELD_TEXT, 0, JOB_AT(kind)},
    {"rows", FIELD_NUMBER, 0, JOB_AT(row.rows)},
    {"rows_done", FIELD_NUMBER, 0, JOB_AT(row.rows_done)},
    {"attempts", FIELD_NUMBER, 0, JOB_AT(row.attempts)},
    {"created_at", FIELD_WHEN, 0, JOB_AT(row.created_us)},
    {"started_at", FIELD_WHEN, 0, JOB_AT(row.started_us)},
    {"ended_at", FIELD_WHEN, 0, JOB_AT(row.ended_us)},
    {"body_bytes", FIELD_NUMBER, 0, JOB_AT(row.body_bytes)},
    {"result_bytes", FIELD_NUMBER, 0, JOB_AT(row.result_bytes)},
    {"result_label", FIELD_TEXT, 0, JOB_AT(row.label)},
    {"result_score", FIELD_REAL, 0, JOB_AT(score)},
    {"code", FIELD_SERIAL, 0, JOB_AT(row.code)},
    {"reason", FIELD_TEXT, 0, JOB_AT(row.reason)},
    {0},
};

static const struct field job_columns[] = {
    {"job_uuid", FIELD_TEXT, -JOB_UUID_LEN, JOB_AT(row.uuid)},
    {"created_at", FIELD_TIME, -27, JOB_AT(row.created_us)},
    {"status", FIELD_TEXT, -10, JOB_AT(status)},
    {"tries", FIELD_NUMBER, 5, JOB_AT(row.attempts)},
    {"account", FIELD_TEXT, -KEY_ID_LEN, JOB_AT(row.account)},
    {"model", FIELD_TEXT, -12, JOB_AT(row.model)},
    {"version", FIELD_SERIAL, 7, JOB_AT(row.version)},
    {"kind", FIELD_TEXT, -4, JOB_AT(kind)},
    {"rows", FIELD_NUMBER, 8, JOB_AT(row.rows)},
    {"rows_done", FIELD_NUMBER, 9, JOB_AT(row.rows_done)},
    {"label", FIELD_TEXT, -12, JOB_AT(row.label)},
    {"reason", FIELD_TEXT, -20, JOB_AT(row.reason)},
    {0},
};

static void shown_fill(struct job_shown *shown, const struct job_row *row)
{
    static const char *const kinds[JOB_KIND__MAX] = {
        [JOB_JSON] = "json", [JOB_CSV] = "csv", [JOB_NPY] = "npy"};

    memset(shown, 0, sizeof(*shown));
    shown->row = *row;
    text_copy(shown->status, sizeof(shown->status), job_status_name(row->status));
    text_copy(shown->kind, sizeof(shown->kind), kinds[row->kind]);
    shown->score = row->has_score ? row->score : NAN;
}

static bool list_row(void *arg, const struct job_row *row)
{
    struct job_shown shown;

    shown_fill(&shown, row);
    return field_list_add(arg, &shown);
}

/* --status; *status stays as it is where it is not given. */
static enum result status_read(const struct option_set *set, enum job_status *status,
                               struct reason *why)
{
    const char *text = option_value(set, "--status");

    if (text == NULL)
        return RESULT_OK;
    for (int i = 0; i < JOB_STATUS__MAX; i++)
        if (strcmp(text, job_status_name((enum job_status)i)) == 0) {
            *status = (enum job_status)i;
            return RESULT_OK;
        }
    return reason_set(why, RESULT_INVALID,
                      "--status: \"%.40s\" is not allowed; allowed: pending, processing, "
                      "completed, failed or cancelled",
                      text);
}

static enum result filter_read(const struct option_set *set, struct job_filter *filter,
                               struct reason *why)
{
    unsigned long long limit = 0;
    enum result result;

    *filter = (struct job_filter){.status = JOB_STATUS__MAX,
                                  .model = option_value(set, "--model"),
                                  .account = option_value(set, "--account")};
    if (filter->account != NULL && option_given(set, "--user"))
        return reason_set(why, RESULT_INVALID,
                          "--account and --user together are one too many");
    result = status_read(set, &filter->status, why);
    if (result == RESULT_OK)
        result = option_u64(set, "--limit", 0, INT64_MAX, &limit, why);
    filter->limit = (int64_t)limit;
    return result;
}

/* A user's account has the user's id; one who is named by the username is looked for. */
static enum result user_find(const struct option_set *set, struct home *home,
                             struct job_filter *filter, struct user_row *user,
                             struct reason *why)
{
    const char *name = option_value(set, "--user");
    enum result result = RESULT_OK;

    if (name == NULL)
        return RESULT_OK;
    filter->account = name;
    if (strchr(name, '@') != NULL) {
        result = user_row_find(home->db, name, user, why);
        filter->account = user->id;
    }
    return result;
}

static int run_list(const struct option_set *set)
{
    struct job_filter filter;
    struct field_list list;
    struct user_row user;
    enum result result;
    struct reason why;
    struct home home;
    struct db *work;

    if (filter_read(set, &filter, &why) != RESULT_OK ||
        field_list_start(&list, set, job_columns, job_fields, &why) != RESULT_OK)
        return cli_misuse(&why);
    list.list.hint = "there is no such job; POST /jobs takes one, and forestgate work does it";
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = user_find(set, &home, &filter, &user, &why);
    if (result == RESULT_OK)
        result = home_work(&home, &work, &why);
    if (result == RESULT_OK)
        result = job_row_list(work, &filter, list_row, &list, &why);
    return cli_home_end(&home, field_list_end(&list, result, &why));
}

/* A job while it is shown, with what is told of its end. */
struct showing {
    struct buf text;
    struct json_writer writer;
    bool json;
};

/* What is told of a job's end.  The URL may be a secret; its host is none. */
struct hook_shown {
    struct hook_row row;
    char host[URL_HOST_MAX + 1], state[16];
};

#define HOOK_AT(member) offsetof(struct hook_shown, member)

static const struct field hook_fields[] = {
    {"host", FIELD_TEXT, 0, HOOK_AT(host)},
    {"state", FIELD_TEXT, 0, HOOK_AT(state)},
    {"attempts", FIELD_NUMBER, 0, HOOK_AT(row.attempts)},
    {"told_at", FIELD_WHEN, 0, HOOK_AT(row.told_us)},
    {"answer", FIELD_SERIAL, 0, HOOK_AT(row.answer)},
    {"problem", FIELD_TEXT, 0, HOOK_AT(row.problem)},
    {0},
};

static void hook_show(void *arg, const struct hook_row *row)
{
    struct hook_shown shown = {.host = "webhook_url"};
    struct showing *showing = arg;
    struct url url;

    shown.row = *row;
    if (row->url[0] != '\0' && url_parse(row->url, strlen(row->url), &url) == NULL)
        text_copy(shown.host, sizeof(shown.host), url.host);
    else if (row->url[0] != '\0')
        text_copy(shown.host, sizeof(shown.host), "-");
    text_copy(shown.state, sizeof(shown.state), hook_state_name(row->state));
    if (showing->json) {
        json_write_object(&showing->writer);
        field_members_write(&showing->writer, hook_fields, &shown);
        json_write_object_end(&showing->writer);
        return;
    }
    buf_printf(&showing->text, "\n%-14s%s, %s, %lld attempt%s", "webhook", shown.host,
               shown.state, (long long)row->attempts, row->attempts == 1 ? "" : "s");
    if (row->problem[0] != '\0')
        buf_printf(&showing->text, ", %s", row->problem);
}

static enum result job_show(struct showing *showing, struct home *home,
                            const struct job_row *row, struct reason *why)
{
    struct job_shown shown;
    struct db *work;
    enum result result = home_work(home, &work, why);

    shown_fill(&shown, row);
    if (showing->json) {
        json_write_object(&showing->writer);
        field_members_write(&showing->writer, job_fields, &shown);
        json_write_key(&showing->writer, "webhooks");
        json_write_array(&showing->writer);
    } else {
        field_lines_print(&showing->text, job_fields, &shown);
    }
    if (result == RESULT_OK)
        result = hook_rows_of_job(work, row->id, hook_show, showing, why);
    if (showing->json) {
        json_write_array_end(&showing->writer);
        json_write_object_end(&showing->writer);
    }
    return result;
}

static int run_show(const struct option_set *set)
{
    struct showing showing = {.json = option_given(set, "--json")};
    struct job_row row;
    enum result result;
    struct reason why;
    struct home home;

    showing.writer = json_writer_on(&showing.text);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = queue_get(&home, NULL, set->operands[0], &row, &why);
    if (result == RESULT_OK)
        result = job_show(&showing, &home, &row, &why);
    return cli_home_end(&home, cli_answer(&showing.text, result, &why));
}

static int run_cancel(const struct option_set *set)
{
    const char *uuid = set->operands[0];
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct reason why;
    struct job_row row;
    struct home home;
    int status;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = queue_get(&home, NULL, uuid, &row, &why);
    if (result == RESULT_OK && !ask_meant(set, &status, "cancel job %s of %s, which is %s",
                                          uuid, row.model, job_status_name(row.status)))
        return cli_home_end(&home, status);
    if (result == RESULT_OK)
        result = queue_cancel_any(&home, uuid, &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "job_uuid", uuid);
        json_member_string(&writer, "status", job_status_name(JOB_CANCELLED));
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_printf(&text, "job %s is cancelled", uuid);
    }
    return cli_home_end(&home, cli_told(set, &text, result, &why));
}

static const struct option_row list_options[] = {
    {"--status", "pending|processing|completed|failed|cancelled", "of this status alone", NULL},
    {"--model", "NAME", "of this model alone", NULL},
    {"--account", "ID", "of this account alone: a user's id, or that of a key without an owner",
     NULL},
    {"--user", "USER", "of this user alone, by username or id", NULL},
    {"--limit", "N", "the newest N; 0: all", "50"},
    {"--csv", NULL, "print CSV", NULL},
    CLI_COMMON_OPTIONS};

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

static const struct option_row cancel_options[] = {ASK_OPTIONS, CLI_COMMON_OPTIONS};

static const struct option_row secret_options[] = {JOB_SECRET_OPTIONS, CLI_COMMON_OPTIONS};
static const struct option_row tell_options[] = {JOB_TELL_OPTIONS, CLI_COMMON_OPTIONS};

const struct cli_command cmd_job_commands[] = {
    {"job", "list", "", 0, list_options, run_list, "list jobs, the newest first",
     "  forestgate job list --status failed\n"
     "  forestgate job list --user ada@example.com --limit 0 --csv\n"},
    {"job", "show", "UUID", 1, plain_options, run_show, "show a job",
     "  forestgate job show 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\n"},
    {"job", "cancel", "UUID", 1, cancel_options, run_cancel, "cancel a job that has not ended",
     "  forestgate job cancel 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\n"},
    {"job", "secret", "", 0, secret_options, job_secret_run,
     "show what webhooks are signed with",
     "  forestgate job secret\n"
     "  forestgate job secret --user ann@example.org\n"},
    {"job", "tell", "", 0, tell_options, job_tell_run, "send the webhooks that are due",
     "  forestgate job tell\n"},
    {0},
};
