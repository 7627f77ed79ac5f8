/*
 * complete_names.c: the names of a home, for shells to offer.
 *
 * Whoever presses Tab waits: what is asked for is bounded, and whatever is wrong with the home
 * is passed over in silence, since there is no place to tell it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/cli.h"
#include "cmd/complete.h"
#include "store/jobs.h"
#include "store/sessions.h"
#include "store/tiers.h"
#include "store/users.h"

enum {
    NAMES_MAX = 1000,
    JOBS_MAX = 50,
    ABOUT_MAX = 160,
};

struct names {
    const char *prefix;
    bool versions; /* of models the versions too, once a colon is there */
    void (*each)(void *arg, const char *name, const char *about);
    void *arg;
    size_t count;
};

static void name_add(struct names *names, const char *name, const char *about)
{
    if (strncmp(name, names->prefix, strlen(names->prefix)) != 0 || names->count++ >= NAMES_MAX)
        return;
    names->each(names->arg, name, about);
}

static void model_add(void *arg, const struct model_row *row)
{
    struct names *names = arg;
    char name[MODEL_NAME_MAX + 24], about[ABOUT_MAX];

    text_print(about, sizeof(about), "version %lld, %s", (long long)row->version,
               model_state_name(row->state));
    if (names->versions)
        text_print(name, sizeof(name), "%s:%lld", row->name, (long long)row->version);
    else
        text_copy(name, sizeof(name), row->name);
    if (names->versions || row->state == MODEL_SERVING)
        name_add(names, name, about);
}

static void tier_add(void *arg, const struct tier_row *row)
{
    name_add(arg, row->name, row->limits[0] != '\0' ? row->limits : "no limits");
}

/* A key that has ended cannot be used for anything any more. */
static void key_add(void *arg, const struct key_row *row)
{
    char about[ABOUT_MAX];

    text_print(about, sizeof(about), "%s, %s", row->name, row->tier);
    if (row->revoked_at == 0)
        name_add(arg, row->id, about);
}

static void user_add(void *arg, const struct user_row *row)
{
    char about[ABOUT_MAX];

    text_print(about, sizeof(about), "%s, %s", row->role == USER_ROLE_ADMIN ? "admin" : "user",
               row->tier);
    name_add(arg, row->username, about);
}

static void invitation_add(void *arg, const struct invitation_row *row)
{
    name_add(arg, row->id, row->username[0] != '\0' ? row->username : "for anybody");
}

static bool job_add(void *arg, const struct job_row *row)
{
    char about[ABOUT_MAX];

    text_print(about, sizeof(about), "%s, %s", job_status_name(row->status), row->model);
    name_add(arg, row->uuid, about);
    return true;
}

static void names_read(struct home *home, enum complete_kind kind, struct names *names)
{
    static const struct user_filter users = {.role = -1, .active = -1, .limit = NAMES_MAX};
    static const struct job_filter jobs = {.status = JOB_STATUS__MAX, .limit = JOBS_MAX};
    struct reason why;
    int64_t total;
    struct db *work;

    if (kind == COMPLETE_MODELS_FILES && names->versions)
        model_version_list(home->db, model_add, names, &why);
    else if (kind == COMPLETE_MODELS || kind == COMPLETE_MODELS_LIST ||
             kind == COMPLETE_MODELS_FILES)
        model_row_list(home->db, model_add, names, &why);
    else if (kind == COMPLETE_TIERS)
        tier_row_list(home->db, tier_add, names, &why);
    else if (kind == COMPLETE_KEYS)
        key_row_list(home->db, key_add, names, &why);
    else if (kind == COMPLETE_USERS)
        user_row_list(home->db, &users, user_add, names, &total, &why);
    else if (kind == COMPLETE_INVITATIONS)
        invitation_row_list(home->db, invitation_add, names, &why);
    else if (kind == COMPLETE_JOBS && home_work(home, &work, &why) == RESULT_OK)
        job_row_list(work, &jobs, job_add, names, &why);
}

/* A shell hands over ~/ as it was typed. */
static const char *home_read(const char *typed, struct buf *path)
{
    const char *own = getenv("HOME");

    if (typed == NULL || strncmp(typed, "~/", 2) != 0 || own == NULL)
        return typed;
    buf_printf(path, "%s%s", own, typed + 1);
    return buf_failed(path) ? typed : path->data;
}

void complete_names(enum complete_kind kind, const char *home, const char *prefix,
                    void (*each)(void *arg, const char *name, const char *about), void *arg)
{
    static const struct option_row rows[] = {CLI_COMMON_OPTIONS};
    struct names names = {.prefix = prefix,
                          .versions = kind == COMPLETE_MODELS_FILES && strchr(prefix, ':'),
                          .each = each,
                          .arg = arg};
    struct option_set set = {.rows = rows};
    struct buf path = {0};
    struct reason why;
    struct home opened;

    set.values[0] = home_read(home, &path);
    if (cli_home_open(&set, &opened, &why) == RESULT_OK)
        names_read(&opened, kind, &names);
    cli_home_close(&opened);
    buf_free(&path);
}
