/*
 * config.c: the settings of Forestgate, all from one table.
 *
 * A setting is one row of config_table.c and one member of struct config; nothing else
 * needs to know its name.
 */
#include "base/config_inner.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/near.h"
#include "base/num.h"
#include "base/text.h"
#include "base/url.h"

/* inih reads lines of up to 200 characters and would take a longer one for two. */
enum {
    FILE_MAX = 1 << 20,
    LINE_MAX_CHARS = 190
};

static const char environment_prefix[] = "FORESTGATE_";

/* Names with the prefix that are no settings: where the home is must be known first. */
static const char *const environment_others[] = {"FORESTGATE_HOME", NULL};

static const struct setting *setting_find(const char *name)
{
    for (size_t i = 0; i < config_settings_count; i++)
        if (strcmp(config_settings[i].name, name) == 0)
            return &config_settings[i];
    return NULL;
}

/* A number of bytes, K, M or G behind it being powers of 1024. */
static bool size_parse(const char *text, int64_t *out)
{
    static const char units[] = "KMG";
    size_t len = strlen(text);
    const char *unit = len > 0 ? strchr(units, text[len - 1]) : NULL;
    unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    uint64_t value;

    if (!num_parse_u64(text, shift != 0 ? len - 1 : len, &value) ||
        value > (uint64_t)(INT64_MAX >> shift))
        return false;
    *out = (int64_t)(value << shift);
    return true;
}

static bool choice_parse(const struct setting *setting, const char *value, int64_t *out)
{
    for (int64_t i = 0; setting->choices[i] != NULL; i++)
        if (strcmp(setting->choices[i], value) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool rate_or_off(const char *value, struct rate *out)
{
    if (strcmp(value, "off") != 0)
        return rate_parse(value, out);
    *out = (struct rate){0, 0};
    return true;
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return true;
    return false;
}

/* Nothing that leads out of the home. */
static bool file_name_parse(const char *value, char *out)
{
    size_t len;

    if (value[0] == '/' || has_control(value, strlen(value)))
        return false;
    for (const char *part = value; *part != '\0'; part += len + (part[len] == '/')) {
        len = strcspn(part, "/");
        if (len == 2 && memcmp(part, "..", 2) == 0)
            return false;
    }
    return text_copy(out, CONFIG_FILE_MAX + 1, value);
}

/* What can stand in a token, a header and a log as it is. */
static bool text_parse(const struct setting *setting, const char *value, char *out)
{
    size_t len = strlen(value);

    for (size_t i = 0; i < len; i++)
        if (value[i] <= 0x20 || value[i] >= 0x7f || value[i] == '"' || value[i] == '\\')
            return false;
    return len >= (size_t)setting->min && len <= (size_t)setting->max &&
           text_copy(out, CONFIG_TEXT_MAX + 1, value);
}

/* Words with one comma between; a list that goes on in a further line has one behind. */
static bool words_parse(const char *value, char *out)
{
    static const char blanks[] = " \t";
    size_t put = 0, len;

    value += strspn(value, blanks);
    while (*value != '\0') {
        len = strcspn(value, ", \t");
        if (len == 0 || put + len + 1 > CONFIG_WORDS_MAX || has_control(value, len))
            return false;
        if (put > 0)
            out[put++] = ',';
        memcpy(out + put, value, len);
        put += len;
        value += len + strspn(value + len, blanks);
        if (*value == ',')
            value += 1 + strspn(value + 1, blanks);
        else if (*value != '\0')
            return false;
    }
    out[put] = '\0';
    return true;
}

/* A list each of whose words is what the setting says. */
static bool checked_words_parse(bool (*check)(const char *text, size_t len), const char *value,
                                char *out)
{
    size_t len;

    if (!words_parse(value, out))
        return false;
    for (; *out != '\0'; out += len + (out[len] == ',')) {
        len = strcspn(out, ",");
        if (!check(out, len))
            return false;
    }
    return true;
}

/*
 * What can stand in the configuration of any front as it is: nothing that ends a quotation or
 * begins a variable there.
 */
static bool path_parse(const char *value, char *out)
{
    return (value[0] == '\0' || value[0] == '/') && !has_control(value, strlen(value)) &&
           strpbrk(value, "\"'\\$%&|;{}#") == NULL &&
           text_copy(out, CONFIG_TEXT_MAX + 1, value);
}

static bool listen_parse(const char *value, char *out)
{
    struct addr addr;

    return (strcmp(value, "*") == 0 || addr_parse(value, strlen(value), &addr)) &&
           text_copy(out, ADDR_TEXT_MAX, value);
}

static bool value_parse(struct config *config, const struct setting *setting, const char *value)
{
    void *member = (char *)config + setting->offset;
    int64_t *number = member;
    struct addr_list addrs;
    struct url url;

    switch (setting->type) {
    case SETTING_INT:
        return num_parse_i64(value, strlen(value), number);
    case SETTING_SIZE:
        return size_parse(value, number);
    case SETTING_CHOICE:
        return choice_parse(setting, value, number);
    case SETTING_NAME:
        return strspn(value, "._-") == 0 &&
               value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0' &&
               text_copy(member, CONFIG_NAME_MAX + 1, value);
    case SETTING_RATE:
        return rate_or_off(value, member);
    case SETTING_PERIOD:
        *number = 0;
        return strcmp(value, "off") == 0 ||
               (clock_duration_parse(value, number) && *number >= setting->min &&
                *number <= setting->max);
    case SETTING_ADDRS:
        if (addr_list_parse(value, &addrs, NULL) != RESULT_OK)
            return false;
        memcpy(member, &addrs, sizeof(addrs));
        return true;
    case SETTING_SPAN:
        return clock_duration_parse(value, number) && *number >= setting->min &&
               *number <= setting->max;
    case SETTING_FILE:
        return file_name_parse(value, member);
    case SETTING_TEXT:
        return text_parse(setting, value, member);
    case SETTING_WORDS:
        return words_parse(value, member);
    case SETTING_URL:
        return (value[0] == '\0' || url_parse(value, strlen(value), &url) == NULL) &&
               text_copy(member, CONFIG_TEXT_MAX + 1, value);
    case SETTING_PATH:
        return path_parse(value, member);
    case SETTING_LISTEN:
        return listen_parse(value, member);
    case SETTING_HOSTS:
        return checked_words_parse(url_is_host, value, member);
    case SETTING_ORIGINS:
        return checked_words_parse(url_is_origin, value, member);
    case SETTING__MAX:
        break;
    }
    return false;
}

static bool within_bounds(const struct config *config, const struct setting *setting)
{
    int64_t value;

    if (setting->type != SETTING_INT && setting->type != SETTING_SIZE)
        return true;
    memcpy(&value, (const char *)config + setting->offset, sizeof(value));
    return value >= setting->min && value <= setting->max;
}

void config_defaults(struct config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < config_settings_count; i++)
        value_parse(config, &config_settings[i], config_settings[i].fallback);
}

/*
 * The setting that may have been meant; else, since no message has room for all, those with
 * the same first letter.
 */
static enum result unknown_setting(const char *where, const char *name, struct reason *why)
{
    struct buf known = {0};
    struct near near;

    near_begin(&near, name);
    for (size_t i = 0; i < config_settings_count; i++)
        near_try(&near, config_settings[i].name);
    if (near_word(&near) != NULL)
        buf_printf(&known, "; did you mean \"%s\"?", near_word(&near));
    for (size_t i = 0; i < config_settings_count && near_word(&near) == NULL; i++)
        if (config_settings[i].name[0] == name[0])
            buf_printf(&known, "%s%s", known.len == 0 ? "; there are: " : ", ",
                       config_settings[i].name);
    reason_set(why, RESULT_MISSING,
               "%s: there is no setting \"%.64s\"%s%sll are in: forestgate config example",
               where, name, known.data != NULL ? known.data : "",
               near_word(&near) != NULL ? " A" : "; a");
    buf_free(&known);
    return RESULT_MISSING;
}

enum result config_set(struct config *config, const char *where, const char *name,
                       const char *value, struct reason *why)
{
    const struct setting *setting = setting_find(name);
    struct config changed = *config;
    struct buf allowed = {0};

    if (setting == NULL)
        return unknown_setting(where, name, why);
    if (value_parse(&changed, setting, value) && within_bounds(&changed, setting)) {
        *config = changed;
        return RESULT_OK;
    }
    config_allowed_print(&allowed, setting);
    reason_set(why, RESULT_INVALID, "%s: %s: \"%.80s\" is not allowed; allowed: %s", where,
               name, value, allowed.data != NULL ? allowed.data : "");
    buf_free(&allowed);
    return RESULT_INVALID;
}

/* What the handler of inih needs to say where a fault is. */
struct file_load {
    struct config *config;
    const char *path;
    struct reason *why;
    enum result result;
    struct reason fault;           /* of the first line at fault, its place still missing */
    bool set[CONFIG_SETTINGS_MAX]; /* what was set by a line before */
    const struct setting *last;
    struct buf list; /* the value of the last line, with its further lines */
};

static bool is_list(const struct setting *setting)
{
    return setting->type == SETTING_ADDRS || setting->type == SETTING_WORDS ||
           setting->type == SETTING_HOSTS || setting->type == SETTING_ORIGINS;
}

/* A fault of a line that was taken for more of the one before: a whole file pasted indented. */
static enum result further_fault(struct file_load *load, enum result result)
{
    struct reason fault = load->fault;

    return reason_set(&load->fault, result,
                      "%.400s; a line that begins with a blank goes on with the one before",
                      fault.text);
}

/*
 * A further, indented line comes as one more value of the same name: it goes on with a
 * list.  Any other setting may be there once.
 */
static enum result line_set(struct file_load *load, const char *name, const char *value)
{
    const struct setting *setting = setting_find(name);
    bool further = setting != NULL && setting == load->last;
    enum result result;

    if (setting == NULL)
        return config_set(load->config, "", name, value, &load->fault);
    if (load->set[setting - config_settings] && !(further && is_list(setting))) {
        result = reason_set(&load->fault, RESULT_INVALID, "%s is set twice", name);
        return further ? further_fault(load, result) : result;
    }
    if (!further)
        buf_clear(&load->list, FILE_MAX);
    buf_puts(&load->list, " ");
    buf_puts(&load->list, value);
    load->set[setting - config_settings] = true;
    load->last = setting;
    if (buf_failed(&load->list))
        return reason_set(&load->fault, RESULT_NOMEM, "out of memory");
    result = config_set(load->config, "", name, load->list.data + 1, &load->fault);
    return result != RESULT_OK && further ? further_fault(load, result) : result;
}

static int on_line(void *arg, const char *section, const char *name, const char *value)
{
    struct file_load *load = arg;

    if (load->result != RESULT_OK)
        return 0;
    (void)section; /* lines_check() has refused them */
    load->result = line_set(load, name, value);
    return load->result == RESULT_OK;
}

/*
 * What inih would not tell: lines that are too long for it, and sections with nothing
 * in them.
 */
static enum result lines_check(const struct file_load *load, const char *text)
{
    for (int number = 1; *text != '\0'; number++) {
        size_t len = strcspn(text, "\n");

        if (len > LINE_MAX_CHARS)
            return reason_set(load->why, RESULT_INVALID,
                              "%s:%d: the line is over %d characters; a list may go on in "
                              "a further line that is indented",
                              load->path, number, LINE_MAX_CHARS);
        if (text[strspn(text, " \t")] == '[')
            return reason_set(load->why, RESULT_INVALID,
                              "%s:%d: there are no sections, but %.*s", load->path, number,
                              (int)len, text);
        text += len + (text[len] == '\n');
    }
    return RESULT_OK;
}

static enum result text_load(struct file_load *load, const char *text)
{
    enum result result = lines_check(load, text);
    const char *fault = load->fault.text;
    int line;

    if (result != RESULT_OK)
        return result;
    line = ini_parse_string(text, on_line, load);
    if (line == 0)
        return RESULT_OK;
    if (load->result == RESULT_OK)
        return reason_set(load->why, RESULT_MALFORMED, "%s:%d: not of the form name = value",
                          load->path, line);
    if (strncmp(fault, ": ", 2) == 0)
        fault += 2;
    return reason_set(load->why, load->result, "%s:%d: %s", load->path, line, fault);
}

enum result config_load_file(struct config *config, const char *path, struct reason *why)
{
    struct file_load load = {.config = config, .path = path, .why = why};
    struct buf text = {0};
    enum result result;

    result = file_read(path, FILE_MAX, &text, why);
    if (result == RESULT_MISSING)
        result = RESULT_OK;
    else if (result == RESULT_OK && text.data != NULL)
        result = strlen(text.data) == text.len
                     ? text_load(&load, text.data)
                     : reason_set(why, RESULT_MALFORMED, "%s: there is a NUL byte in it", path);
    buf_free(&text);
    buf_free(&load.list);
    return result;
}

static bool environment_is_other(const char *name)
{
    for (size_t i = 0; environment_others[i] != NULL; i++)
        if (strcmp(environment_others[i], name) == 0)
            return true;
    return false;
}

enum result config_load_environment(struct config *config, char *const *environment,
                                    struct reason *why)
{
    const size_t prefix = sizeof(environment_prefix) - 1;
    char variable[96], name[96];
    enum result result;

    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        size_t len = equals != NULL ? (size_t)(equals - *environment) : 0;

        if (len <= prefix || strncmp(*environment, environment_prefix, prefix) != 0)
            continue;
        if (len >= sizeof(variable))
            len = sizeof(variable) - 1;
        snprintf(variable, sizeof(variable), "%.*s", (int)len, *environment);
        if (environment_is_other(variable))
            continue;
        for (size_t i = prefix; i <= len; i++)
            name[i - prefix] = (char)tolower((unsigned char)variable[i]);
        result = config_set(config, variable, name, equals + 1, why);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}
