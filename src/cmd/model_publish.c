/*
 * model_publish.c: the verbs of forestgate model that change what is served.
 *
 * Each prints the number that a script wants, alone on its line: publish and promote the
 * version that they were about, rollback, retire and restore the one that serves, withdraw the
 * one that did, delete those that are gone.  What else a change has done is told on standard
 * error.
 */
#include "cmd/model_publish.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ask.h"
#include "cmd/progress_file.h"
#include "gate/registry.h"

static enum result by_read(const struct option_set *set, enum registry_by *by,
                           struct reason *why)
{
    const char *text = option_value(set, "--by");

    *by = REGISTRY_BY_UNSAID;
    if (text == NULL)
        return RESULT_OK;
    if (!option_given(set, "--canary"))
        return reason_set(why, RESULT_INVALID, "--by says how --canary is drawn, and needs it");
    if (strcmp(text, "request") == 0)
        *by = REGISTRY_BY_REQUEST;
    else if (strcmp(text, "key") == 0)
        *by = REGISTRY_BY_KEY;
    else
        return reason_set(why, RESULT_INVALID,
                          "--by: \"%.40s\" is not allowed; allowed: request or key", text);
    return RESULT_OK;
}

/* A share of all calls is no canary's: then the version serves. */
static enum result place_read(const struct option_set *set, struct registry_place *place,
                              struct reason *why)
{
    const char *share = option_value(set, "--canary");

    memset(place, 0, sizeof(*place));
    place->state = MODEL_SERVING;
    if (share != NULL && option_given(set, "--shadow"))
        return reason_set(why, RESULT_INVALID,
                          "--canary answers and --shadow does not: give one of the two");
    if (share != NULL && !registry_share_parse(share, &place->share))
        return reason_set(why, RESULT_INVALID,
                          "--canary: \"%.40s\" is not allowed; allowed: 0.01%% to 100%%, such "
                          "as 10%%",
                          share);
    if (share != NULL && place->share < MODEL_SHARE_ALL)
        place->state = MODEL_CANARY;
    if (option_given(set, "--shadow"))
        place->state = MODEL_SHADOW;
    return by_read(set, &place->by, why);
}

static enum result version_read(const struct option_set *set, const char *option,
                                int64_t *version, struct reason *why)
{
    unsigned long long number = 0;
    enum result result = option_u64(set, option, 1, INT64_MAX, &number, why);

    *version = (int64_t)number;
    return result;
}

static void number_or_null(struct json_writer *writer, const char *key, int64_t version)
{
    json_write_key(writer, key);
    if (version != 0)
        json_write_i64(writer, version);
    else
        json_write_null(writer);
}

static void done_json(struct json_writer *writer, const struct registry_done *done)
{
    const struct model_row *row = &done->row;
    char share[REGISTRY_SHARE_TEXT];

    json_write_object(writer);
    json_member_string(writer, "name", row->name);
    json_member_i64(writer, "version", row->version);
    json_member_string(writer, "sha256", row->sha256);
    json_member_string(writer, "state", model_state_name(row->state));
    if (row->state == MODEL_CANARY) {
        registry_share_print(share, row->share);
        json_member_string(writer, "share", share);
        json_member_string(writer, "by", row->by_key ? "key" : "request");
    }
    number_or_null(writer, "serving", done->serving);
    number_or_null(writer, "canary_retired", done->canary_ended);
    number_or_null(writer, "shadow_retired", done->shadow_ended);
    json_write_object_end(writer);
}

/* What the number on standard output is of, to who looks on. */
static void note_state(const struct model_row *row)
{
    static const char *const texts[MODEL_STATE__MAX] = {
        [MODEL_SERVING] = "serves: every worker goes by it",
        [MODEL_SHADOW] =
            "is the shadow: it is asked beside the one that serves, and only compared",
        [MODEL_RETIRED] = "is retired",
        [MODEL_WITHDRAWN] = "is withdrawn with its model: no version answers",
    };
    char share[REGISTRY_SHARE_TEXT];

    if (row->state == MODEL_CANARY) {
        registry_share_print(share, row->share);
        cli_note("version %" PRId64 " of %s is the canary: it answers %s of the calls%s\n",
                 row->version, row->name, share, row->by_key ? ", by key" : "");
    } else {
        cli_note("version %" PRId64 " of %s %s\n", row->version, row->name, texts[row->state]);
    }
}

/* The number alone goes to standard output, so that a script can take it. */
static int print_done(const struct option_set *set, const struct registry_done *done)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (done->canary_ended != 0)
        cli_note("forestgate: version %" PRId64 " of %s, the canary, is retired\n",
                 done->canary_ended, done->row.name);
    if (done->shadow_ended != 0)
        cli_note("forestgate: version %" PRId64 " of %s, the shadow, is retired\n",
                 done->shadow_ended, done->row.name);
    if (option_given(set, "--json")) {
        done_json(&writer, done);
    } else {
        note_state(&done->row);
        buf_printf(&text, "%" PRId64, done->row.version);
    }
    return cli_print(&text);
}

int model_publish(const struct option_set *set)
{
    const char *path = set->operands[1];
    struct progress_file progress;
    struct registry_place place;
    struct registry_done done;
    enum result result;
    struct reason why;
    struct home home;
    int file;

    if (place_read(set, &place, &why) != RESULT_OK)
        return cli_misuse(&why);
    file = open(path, O_RDONLY | O_CLOEXEC); /* before root becomes the home's owner */
    if (file < 0) {
        reason_errno(&why, "%s", path);
        return cli_fail(&why);
    }
    progress_file_start(&progress, "publishing", path);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = registry_publish(&home, set->operands[0], file, path, &place, &done, &why);
    progress_file_end(&progress);
    close(file);
    return cli_home_end(&home, result == RESULT_OK ? print_done(set, &done) : cli_fail(&why));
}

int model_promote(const struct option_set *set)
{
    struct registry_place place;
    struct registry_done done;
    enum result result;
    struct reason why;
    struct home home;
    int64_t version;

    if (place_read(set, &place, &why) != RESULT_OK ||
        version_read(set, "--version", &version, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = registry_promote(&home, set->operands[0], version, &place, &done, &why);
    return cli_home_end(&home, result == RESULT_OK ? print_done(set, &done) : cli_fail(&why));
}

/* What takes a model and perhaps a version, and nothing else. */
static int run_on_version(const struct option_set *set, const char *option,
                          enum result (*change)(struct home *home, const char *name,
                                                int64_t version, struct registry_done *done,
                                                struct reason *why))
{
    struct registry_done done;
    enum result result;
    struct reason why;
    struct home home;
    int64_t version;

    if (version_read(set, option, &version, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = change(&home, set->operands[0], version, &done, &why);
    return cli_home_end(&home, result == RESULT_OK ? print_done(set, &done) : cli_fail(&why));
}

int model_rollback(const struct option_set *set)
{
    return run_on_version(set, "--to", registry_rollback);
}

int model_retire(const struct option_set *set)
{
    return run_on_version(set, "--version", registry_retire);
}

/* What takes a model, and nothing else. */
static int run_on_model(const struct option_set *set,
                        enum result (*change)(struct home *home, const char *name,
                                              struct registry_done *done, struct reason *why))
{
    struct registry_done done;
    enum result result;
    struct reason why;
    struct home home;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = change(&home, set->operands[0], &done, &why);
    return cli_home_end(&home, result == RESULT_OK ? print_done(set, &done) : cli_fail(&why));
}

int model_withdraw(const struct option_set *set)
{
    return run_on_model(set, registry_withdraw);
}

int model_restore(const struct option_set *set)
{
    return run_on_model(set, registry_restore);
}

static void print_deleted(void *arg, int64_t version)
{
    struct cli_list *list = arg;

    if (list->json)
        json_write_i64(&list->writer, version);
    else
        buf_printf(&list->text, "%s%" PRId64, list->text.len == 0 ? "" : "\n", version);
}

static void version_name(void *arg, int64_t version)
{
    struct buf *names = arg;

    buf_printf(names, "%s%" PRId64, names->len == 0 ? "" : ", ", version);
}

/* Asks, naming the versions; *go stays false where nothing is to be done any more. */
static enum result delete_ask(const struct option_set *set, struct home *home, int64_t version,
                              size_t keep, bool *go, int *status, struct reason *why)
{
    struct buf names = {0};
    enum result result;

    *status = CLI_DONE;
    *go = false;
    result =
        registry_delete_look(home, set->operands[0], version, keep, version_name, &names, why);
    if (result == RESULT_OK && (names.len > 0 || option_given(set, "--dry-run")))
        *go = ask_meant(set, status, "delete version %s of %s, for good",
                        names.len > 0 ? names.data : "none", set->operands[0]);
    buf_free(&names);
    return result;
}

static int delete_versions(const struct option_set *set, struct home *home, int64_t version,
                           size_t keep)
{
    struct cli_list list;
    enum result result;
    struct reason why;
    int status;
    bool go;

    result = delete_ask(set, home, version, keep, &go, &status, &why);
    if (result == RESULT_OK && !go && (status != CLI_DONE || option_given(set, "--dry-run")))
        return status;
    cli_list_start(&list, set, "");
    if (result == RESULT_OK && go)
        result =
            registry_delete(home, set->operands[0], version, keep, print_deleted, &list, &why);
    if (result != RESULT_OK || list.json || list.text.len > 0)
        return cli_list_end(&list, result, &why);
    buf_free(&list.text); /* no line for nothing */
    return CLI_DONE;
}

int model_delete(const struct option_set *set)
{
    unsigned long long keep = 0;
    enum result result;
    struct reason why;
    struct home home;
    int64_t version;

    if (version_read(set, "--version", &version, &why) != RESULT_OK ||
        option_u64(set, "--keep", 0, INT32_MAX, &keep, &why) != RESULT_OK)
        return cli_misuse(&why);
    if (option_given(set, "--keep") == option_given(set, "--version")) {
        reason_set(&why, RESULT_INVALID,
                   "say which: --version N, or --keep N for all retired versions but so many");
        return cli_misuse(&why);
    }
    result = cli_home_open(set, &home, &why);
    return cli_home_end(&home, result == RESULT_OK
                                   ? delete_versions(set, &home, version, (size_t)keep)
                                   : cli_fail(&why));
}

#define PLACE_OPTIONS                                                                     \
    {"--canary", "SHARE", "let it answer this share of the calls, such as 10%", NULL},    \
        {"--by", "request|key",                                                           \
         "draw that share by request, or by key, so that a key's calls are "              \
         "all or none of it",                                                             \
         NULL},                                                                           \
    {                                                                                     \
        "--shadow", NULL, "ask it beside the version that serves, and only compare", NULL \
    }

const struct option_row model_publish_options[] = {
    PLACE_OPTIONS,
    CLI_COMMON_OPTIONS,
};

const struct option_row model_promote_options[] = {
    {"--version", "N", "that version; else the canary or the shadow", NULL},
    PLACE_OPTIONS,
    CLI_COMMON_OPTIONS,
};

const struct option_row model_rollback_options[] = {
    {"--to", "N", "that version; else the one that served before", NULL},
    CLI_COMMON_OPTIONS,
};

const struct option_row model_retire_options[] = {
    {"--version", "N", "that version; else canary and shadow", NULL},
    CLI_COMMON_OPTIONS,
};

const struct option_row model_withdraw_options[] = {
    CLI_COMMON_OPTIONS,
};

const struct option_row model_restore_options[] = {
    CLI_COMMON_OPTIONS,
};

const struct option_row model_delete_options[] = {
    {"--version", "N", "that version", NULL},
    {"--keep", "N", "all retired versions but the N that were published last", NULL},
    ASK_OPTIONS,
    CLI_COMMON_OPTIONS,
};
