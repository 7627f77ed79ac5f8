/*
 * cmd_doctor.c: forestgate doctor: what is wrong with a home and the front before it.
 */
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/cli.h"
#include "cmd/doctor.h"
#include "cmd/terminal.h"

/* Every check; its number is its place.  Those of the front ask for --url. */
static const struct check {
    const char *name;
    void (*look)(struct doctor *doctor, struct finding *finding);
    enum result (*fix)(struct doctor *doctor, struct reason *why);
    bool front;
} checks[] = {
    {"home", doctor_check_home, doctor_fix_home, false},
    {"rights", doctor_check_rights, doctor_fix_rights, false},
    {"place", doctor_check_place, NULL, false},
    {"settings", doctor_check_settings, NULL, false},
    {"sandbox", doctor_check_sandbox, NULL, false},
    {"database", doctor_check_database, doctor_fix_database, false},
    {"ledger", doctor_check_ledger, NULL, false},
    {"models", doctor_check_models, NULL, false},
    {"kept", doctor_check_kept, NULL, false},
    {"clock", doctor_check_clock, NULL, false},
    {"disk", doctor_check_disk, NULL, false},
    {"secrets", doctor_check_secrets, NULL, false},
    {"audit", doctor_check_audit, NULL, false},
    {"jobs", doctor_check_jobs, doctor_fix_database, false},
    {"front", doctor_check_reached, NULL, true},
    {"service", doctor_check_service, NULL, true},
    {"TLS", doctor_check_tls, NULL, true},
    {"interface", doctor_check_interface, NULL, true},
    {"X-API-Key", doctor_check_key_header, NULL, true},
    {"Authorization", doctor_check_bearer, NULL, true},
    {"large bodies", doctor_check_body_passes, NULL, true},
    {"too large bodies", doctor_check_body_refused, NULL, true},
    {"images", doctor_check_images, NULL, true},
    {"the front's errors", doctor_check_errors, NULL, true},
    {"headers", doctor_check_headers, NULL, true},
    {"security headers", doctor_check_security_headers, NULL, true},
    {"hosts", doctor_check_hosts, NULL, true},
    {"CORS", doctor_check_cors, NULL, true},
    {"the front's clock", doctor_check_front_clock, NULL, true},
};

enum {
    CHECKS = sizeof(checks) / sizeof(checks[0]),
    ROUNDS = 2 /* of mending: one check may find what another's fix has to mend first */
};

/* As a line shows them, and as JSON has them. */
static const struct {
    const char *line, *json;
    enum terminal_style style;
} states[FINDING__MAX] = {
    [FINDING_NOT_ASKED] = {"-", "not asked", TERMINAL_PLAIN},
    [FINDING_OK] = {"ok", "ok", TERMINAL_GOOD},
    [FINDING_WARNING] = {"warning", "warning", TERMINAL_WARNING},
    [FINDING_FAILED] = {"FAILED", "failed", TERMINAL_BAD},
};

bool finding_set(struct finding *finding, enum finding_state state, const char *format, ...)
{
    va_list args;

    if (finding->detail[0] != '\0' && state <= finding->state)
        return false;
    finding->state = state;
    finding->command[0] = '\0';
    va_start(args, format);
    text_print_list(finding->detail, sizeof(finding->detail), format, args);
    va_end(args);
    return true;
}

/* One that does not fit is left out: half a command could do something else. */
void finding_mend(struct finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (vsnprintf(finding->command, sizeof(finding->command), format, args) >=
        (int)sizeof(finding->command))
        finding->command[0] = '\0';
    va_end(args);
}

/* One that cannot be written is left for the reader to fill in. */
const char *doctor_word(const struct doctor *doctor, const char *name,
                        char out[DOCTOR_PATH_MAX])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_@%+=:,./-";
    struct buf word = {0};
    struct buf path = {0};

    buf_printf(&path, "%s%s%s", doctor->path, name != NULL ? "/" : "",
               name != NULL ? name : "");
    if (!buf_failed(&path) && path.data[strspn(path.data, plain)] == '\0') {
        buf_puts(&word, path.data);
    } else if (!buf_failed(&path)) {
        buf_putc(&word, '\'');
        for (const char *at = path.data; *at != '\0'; at++)
            buf_puts(&word, *at == '\'' ? "'\\''" : (const char[2]){*at, '\0'});
        buf_putc(&word, '\'');
    }
    if (word.len == 0 || buf_failed(&word) || !text_copy(out, DOCTOR_PATH_MAX, word.data))
        text_copy(out, DOCTOR_PATH_MAX, "HOME");
    buf_free(&word);
    buf_free(&path);
    return out;
}

bool doctor_has_home(const struct doctor *doctor, struct finding *finding)
{
    if (!doctor->entered)
        finding_set(finding, FINDING_NOT_ASKED, "not asked: there is no home to look at");
    return doctor->entered;
}

static void look(struct doctor *doctor, const struct check *check, struct finding *finding)
{
    memset(finding, 0, sizeof(*finding));
    if (check->front && doctor->url == NULL)
        finding_set(finding, FINDING_NOT_ASKED, "not asked: give --url");
    else
        check->look(doctor, finding);
}

static bool is_wrong(const struct finding *finding)
{
    return finding->state >= FINDING_WARNING;
}

/* Looks and, where something is wrong, mends; says which were, or why not. */
static void mend_all(struct doctor *doctor, bool mended[CHECKS], struct reason whys[CHECKS])
{
    struct finding finding;

    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < CHECKS; i++) {
            if (checks[i].fix == NULL)
                continue;
            look(doctor, &checks[i], &finding);
            whys[i].text[0] = '\0';
            if (is_wrong(&finding) && checks[i].fix(doctor, &whys[i]) == RESULT_OK)
                mended[i] = true;
        }
}

/* Appends a text that may hold names of files, which may hold anything. */
static void put_printable(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        bool control = (unsigned char)*text < ' ' || *text == 0x7f;

        buf_put(out, control ? "?" : text, 1);
    }
}

static void put_line(struct buf *out, size_t number, const char *name,
                     const struct finding *finding)
{
    char state[16];

    text_print(state, sizeof(state), "%-8s", states[finding->state].line);
    buf_printf(out, "%s%2zu  ", out->len > 0 ? "\n" : "", number);
    terminal_put(out, STDOUT_FILENO, states[finding->state].style, state);
    buf_printf(out, " %s: ", name);
    put_printable(out, finding->detail);
    if (finding->command[0] != '\0') {
        buf_puts(out, "\n             mend it with: ");
        put_printable(out, finding->command);
    }
}

static void put_json(struct json_writer *writer, size_t number, const char *name,
                     const struct finding *finding)
{
    json_write_object(writer);
    json_member_u64(writer, "number", number);
    json_member_string(writer, "name", name);
    json_member_string(writer, "state", states[finding->state].json);
    json_member_string(writer, "detail", finding->detail);
    json_member_string(writer, "command",
                       finding->command[0] != '\0' ? finding->command : NULL);
    json_write_object_end(writer);
}

/* What was mended, or why it was not, is a part of what is told. */
static void add_mending(struct finding *finding, bool mended, const struct reason *why)
{
    struct finding told = *finding;

    if (mended && finding->state == FINDING_OK)
        text_print(finding->detail, sizeof(finding->detail), "mended; %s", told.detail);
    else if (why->text[0] != '\0' && is_wrong(finding))
        text_print(finding->detail, sizeof(finding->detail), "%s; not mended: %s", told.detail,
                   why->text);
}

/* All checks, one after the other; returns whether none failed. */
static bool examine(struct doctor *doctor, const struct option_set *set, struct buf *text)
{
    struct json_writer writer = json_writer_on(text);
    bool json = option_given(set, "--json"), well = true;
    struct reason whys[CHECKS] = {0};
    bool mended[CHECKS] = {false};
    struct finding finding;

    if (option_given(set, "--fix"))
        mend_all(doctor, mended, whys);
    if (json)
        json_write_array(&writer);
    for (size_t i = 0; i < CHECKS; i++) {
        look(doctor, &checks[i], &finding);
        add_mending(&finding, mended[i], &whys[i]);
        well = well && finding.state != FINDING_FAILED;
        if (json)
            put_json(&writer, i + 1, checks[i].name, &finding);
        else if (is_wrong(&finding) || !terminal_is_quiet())
            put_line(text, i + 1, checks[i].name, &finding);
    }
    if (json)
        json_write_array_end(&writer);
    return well;
}

static void enter(struct doctor *doctor)
{
    doctor->how = home_enter(&doctor->home, doctor->path, DB_CLI, &doctor->entering);
    cli_actor_set(&doctor->home);
    doctor->entered = doctor->how == RESULT_OK && home_is_begun();
    if (doctor->how == RESULT_OK && !doctor->entered)
        reason_set(&doctor->entering, RESULT_INVALID,
                   "%s is a directory, and no home: name yours with --home DIR, or fill this "
                   "one with forestgate init",
                   doctor->path);
}

static int run_doctor(const struct option_set *set)
{
    struct doctor doctor = {.path = cli_home_path(set), .url = option_value(set, "--url")};
    struct buf text = {0};
    struct reason why;
    int status, signal = 0;
    bool well;

    if (doctor.url != NULL && doctor_front_begin(&doctor, &why) != RESULT_OK)
        return cli_misuse(&why);
    enter(&doctor);
    well = examine(&doctor, set, &text);
    if (doctor_front_end(&doctor, &signal, &why) != RESULT_OK) {
        cli_fail(&why);
        well = false;
    }
    cli_home_close(&doctor.home);
    status = text.len > 0 || buf_failed(&text) ? cli_print(&text) : CLI_DONE;
    if (signal != 0)
        raise(signal);
    return status == CLI_DONE && !well ? CLI_FAILED : status;
}

static const struct option_row doctor_options[] = {
    {"--url", "URL", "ask the front at this address too", NULL},
    {"--fix", NULL, "mend what can be mended without loss, and look again", NULL},
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_doctor_commands[] = {
    {"doctor", NULL, "", 0, doctor_options, run_doctor, "tell what is wrong, and what mends it",
     "  forestgate doctor --home var --url http://127.0.0.1:8080/\n"},
    {0},
};
