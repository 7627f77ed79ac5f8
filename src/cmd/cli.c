/*
 * cli.c: what the commands of forestgate share.
 */
#include "cmd/cli.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"
#include "cmd/terminal.h"
#include "gate/journal.h"
#include "gate/registry.h"

/* The program's name, red where the terminal has colours. */
static void error_print(const struct reason *why)
{
    fprintf(stderr, "%sforestgate:%s %s\n", terminal_style(STDERR_FILENO, TERMINAL_BAD),
            terminal_style(STDERR_FILENO, TERMINAL_PLAIN), why->text);
}

int cli_fail(const struct reason *why)
{
    error_print(why);
    return CLI_FAILED;
}

int cli_misuse(const struct reason *why)
{
    error_print(why);
    return CLI_USAGE;
}

void cli_note(const char *format, ...)
{
    va_list args;

    if (terminal_is_quiet())
        return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

const char *cli_home_path(const struct option_set *set)
{
    const char *home = option_value(set, "--home");

    if (home == NULL)
        home = getenv("FORESTGATE_HOME");
    return home != NULL && home[0] != '\0' ? home : HOME_DEFAULT;
}

/*
 * By the real user: root that has become the home's owner is still root, and SUDO_USER is
 * what anybody may say of himself.
 */
void cli_actor_set(struct home *home)
{
    const struct passwd *user = getpwuid(getuid());
    char *name = home->actor.name;

    if (user != NULL && user->pw_name[0] != '\0')
        text_print(name, sizeof(home->actor.name), "cli:%s", user->pw_name);
    else
        text_print(name, sizeof(home->actor.name), "cli:%u", (unsigned)getuid());
    for (; *name != '\0'; name++)
        if (*name <= ' ' || *name > '~')
            *name = '?';
}

enum result cli_home_open(const struct option_set *set, struct home *home, struct reason *why)
{
    enum result result;

    result = home_enter(home, cli_home_path(set), DB_CLI, why);
    cli_actor_set(home);
    if (result == RESULT_OK)
        result = home_load_config(home, environ, why);
    if (result == RESULT_OK)
        result = home_open(home, DB_CLI, why);
    return result;
}

void cli_home_close(struct home *home)
{
    home_close(home);
    home_leave(home);
}

int cli_home_end(struct home *home, int status)
{
    cli_home_close(home);
    return status;
}

enum result cli_calls_bring_in(struct home *home, struct reason *why)
{
    return journal_bring_in(home, why);
}

static bool is_file_name(const char *text)
{
    size_t len = strlen(text);

    return strchr(text, '/') != NULL || (len >= 4 && strcmp(text + len - 4, ".fgm") == 0);
}

/* "iris", or "iris:3" for one version. */
static enum result open_published(struct home *home, const char *text, struct model_row *row,
                                  struct image **out, struct reason *why)
{
    const char *colon = strchr(text, ':');
    char name[MODEL_NAME_MAX + 1];
    uint64_t version;

    if (colon == NULL)
        return registry_open_image(home, text, row, out, why);
    if ((size_t)(colon - text) >= sizeof(name) ||
        !num_parse_u64(colon + 1, strlen(colon + 1), &version) || version < 1 ||
        version > INT64_MAX)
        return reason_set(why, RESULT_INVALID, "\"%.80s\" is no NAME:VERSION", text);
    text_print(name, sizeof(name), "%.*s", (int)(colon - text), text);
    return registry_open_version(home, name, (int64_t)version, row, out, why);
}

enum result cli_image_open(const struct option_set *set, const char *name_or_file,
                           struct model_row *row, struct image **out, struct reason *why)
{
    const bool is_there = access(name_or_file, F_OK) == 0;
    enum result result;
    struct reason of;
    struct home home;

    memset(row, 0, sizeof(*row));
    *out = NULL;
    if (is_file_name(name_or_file))
        return image_open(name_or_file, out, why);
    result = cli_home_open(set, &home, why);
    if (result == RESULT_OK)
        result = open_published(&home, name_or_file, row, out, why);
    if (result == RESULT_INVALID && is_there) {
        of = *why;
        reason_set(why, result, "%s; is the file meant, call it ./%.80s", of.text,
                   name_or_file);
    }
    cli_home_close(&home);
    return result;
}

int cli_print(struct buf *text)
{
    struct reason why;
    int status = CLI_DONE;

    buf_putc(text, '\n');
    if (buf_failed(text)) {
        reason_set(&why, RESULT_NOMEM, "out of memory");
        status = cli_fail(&why);
    } else if (fwrite(text->data, 1, text->len, stdout) != text->len || fflush(stdout) != 0) {
        reason_errno(&why, "standard output");
        status = cli_fail(&why);
    }
    buf_free(text);
    return status;
}

int cli_answer(struct buf *text, enum result result, const struct reason *why)
{
    if (result == RESULT_OK)
        return cli_print(text);
    buf_free(text);
    return cli_fail(why);
}

int cli_tell(const struct option_set *set, struct buf *text)
{
    if (!terminal_is_quiet() || option_given(set, "--json"))
        return cli_print(text);
    buf_free(text);
    return CLI_DONE;
}

int cli_told(const struct option_set *set, struct buf *text, enum result result,
             const struct reason *why)
{
    return result == RESULT_OK ? cli_tell(set, text) : cli_answer(text, result, why);
}

enum {
    LIST_CHUNK = 65536
};

void cli_list_start(struct cli_list *list, const struct option_set *set, const char *head)
{
    memset(list, 0, sizeof(*list));
    list->json = option_given(set, "--json");
    list->writer = json_writer_on(&list->text);
    if (list->json)
        json_write_array(&list->writer);
    else
        buf_puts(&list->text, head);
}

bool cli_list_flush(struct cli_list *list)
{
    struct buf *text = &list->text;

    if (text->len < LIST_CHUNK || buf_failed(text))
        return !buf_failed(text);
    if (list->error == 0 && fwrite(text->data, 1, text->len, stdout) != text->len)
        list->error = errno;
    buf_clear(text, SIZE_MAX);
    list->flushed = true;
    return list->error == 0;
}

/* Whether it is a table of which no row was added behind its head. */
static bool is_bare(const struct cli_list *list)
{
    const struct buf *text = &list->text;

    return !list->json && !list->flushed && !buf_failed(text) &&
           (text->len == 0 || memchr(text->data, '\n', text->len) == NULL);
}

int cli_list_end(struct cli_list *list, enum result result, const struct reason *why)
{
    const bool bare = is_bare(list);
    struct reason output;
    int status;

    if (list->json)
        json_write_array_end(&list->writer);
    if (list->error == 0) {
        status = cli_answer(&list->text, result, why);
        if (status == CLI_DONE && bare && list->hint != NULL)
            cli_note("forestgate: %s\n", list->hint);
        return status;
    }
    buf_free(&list->text);
    errno = list->error;
    reason_errno(&output, "standard output");
    return cli_fail(&output);
}

void cli_time_print(char out[20], int64_t seconds)
{
    char time[CLOCK_RFC3339_MAX];

    text_copy(out, 20, "-");
    if (seconds == 0)
        return;
    clock_rfc3339(time, seconds * 1000000);
    memcpy(out, time, 16);
    out[10] = ' ';
    out[16] = '\0';
}

static void limit_write(struct json_writer *writer, const struct limit *limit)
{
    static const char *const kinds[LIMIT_KIND__MAX] = {
        [LIMIT_RATE] = "rate", [LIMIT_DAY] = "quota", [LIMIT_MONTH] = "quota"};
    char name[LIMIT_NAME_MAX];

    limit_name(name, limit);
    json_write_object(writer);
    json_member_string(writer, "name", name);
    json_member_string(writer, "kind", kinds[limit->kind]);
    json_member_i64(writer, "count", limit->count);
    if (limit->kind == LIMIT_RATE)
        json_member_i64(writer, "seconds", limit->seconds);
    json_write_object_end(writer);
}

void cli_json_limits(struct json_writer *writer, const struct limits *limits)
{
    char text[LIMITS_TEXT_MAX];

    limits_print(text, limits);
    json_member_string(writer, "limits", text);
    json_write_key(writer, "policies");
    json_write_array(writer);
    for (size_t i = 0; i < limits->count; i++)
        limit_write(writer, &limits->items[i]);
    json_write_array_end(writer);
}

const char *cli_option_join(const struct option_set *set, const char *name, struct buf *out)
{
    const char *value;

    for (size_t i = 0; (value = option_value_at(set, name, i)) != NULL; i++) {
        if (i > 0)
            buf_putc(out, ',');
        buf_puts(out, value);
    }
    if (!option_given(set, name))
        return NULL;
    return out->data != NULL ? out->data : "";
}
