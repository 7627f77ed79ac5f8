/*
 * config_print.c: the settings as text: the example file, the manual page, what is allowed.
 */
#include "base/config_inner.h"

#include <inttypes.h>
#include <string.h>

static void size_print(struct buf *out, int64_t bytes)
{
    static const char units[] = "KMG";
    int unit = -1;

    while (unit < 2 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    buf_printf(out, "%" PRId64, bytes);
    if (unit >= 0)
        buf_putc(out, units[unit]);
}

/* A duration in the largest unit that it is whole in. */
static void span_print(struct buf *out, int64_t seconds)
{
    if (seconds % 86400 == 0)
        buf_printf(out, "%" PRId64 "d", seconds / 86400);
    else if (seconds % 3600 == 0)
        buf_printf(out, "%" PRId64 "h", seconds / 3600);
    else
        buf_printf(out, "%" PRId64 "m", seconds / 60);
}

/* What a setting with text takes, in words. */
static void allowed_text_print(struct buf *out, const struct setting *setting)
{
    if (setting->type == SETTING_FILE)
        buf_printf(out,
                   "empty or a file's name within the home, up to %d characters and without ..",
                   CONFIG_FILE_MAX);
    else if (setting->type == SETTING_TEXT)
        buf_printf(out, "%d to %d characters of ASCII without blanks or quotes",
                   (int)setting->min, (int)setting->max);
    else if (setting->type == SETTING_URL)
        buf_printf(out, "empty or a URL such as https://example.org/jobs, up to %d characters",
                   CONFIG_TEXT_MAX);
    else if (setting->type == SETTING_PATH)
        buf_printf(
            out,
            "empty or a whole path, up to %d characters and none of \" ' \\ $ %% & | ; { } #",
            CONFIG_TEXT_MAX);
    else if (setting->type == SETTING_LISTEN)
        buf_puts(out, "* or an address such as 127.0.0.1 or ::1");
    else if (setting->type == SETTING_HOSTS)
        buf_puts(out, "hosts such as api.example.org or [::1], in lower case and without a "
                      "port, separated by commas");
    else if (setting->type == SETTING_ORIGINS)
        buf_puts(out, "origins as browsers say them, such as https://app.example.org or "
                      "http://localhost:3000, separated by commas");
    else
        buf_puts(out, "words separated by commas");
}

void config_allowed_print(struct buf *out, const struct setting *setting)
{
    switch (setting->type) {
    case SETTING_INT:
        buf_printf(out, "a whole number from %" PRId64 " to %" PRId64, setting->min,
                   setting->max);
        break;
    case SETTING_SIZE:
        buf_puts(out, "bytes, with K, M or G behind them if you like, from ");
        size_print(out, setting->min);
        buf_puts(out, " to ");
        size_print(out, setting->max);
        break;
    case SETTING_CHOICE:
        for (size_t i = 0; setting->choices[i] != NULL; i++)
            buf_printf(out, "%s%s", i == 0 ? "" : " or ", setting->choices[i]);
        break;
    case SETTING_NAME:
        buf_printf(out, "empty or a name: up to %d of a-z 0-9 . _ - and no sign first",
                   CONFIG_NAME_MAX);
        break;
    case SETTING_RATE:
        buf_puts(out, "off, or a rate such as 100/60s or 5000/1h");
        break;
    case SETTING_PERIOD:
        buf_printf(out, "off, or from %" PRId64 "d to %" PRId64 "d, with d or w behind",
                   setting->min / 86400, setting->max / 86400);
        break;
    case SETTING_ADDRS:
        buf_puts(out, "addresses and ranges such as 10.0.0.0/8 or ::1, separated by commas");
        break;
    case SETTING_SPAN:
        buf_puts(out, "from ");
        span_print(out, setting->min);
        buf_puts(out, " to ");
        span_print(out, setting->max);
        buf_puts(out, ", with s, m, h, d or w behind");
        break;
    case SETTING_FILE:
    case SETTING_TEXT:
    case SETTING_WORDS:
    case SETTING_URL:
    case SETTING_PATH:
    case SETTING_LISTEN:
    case SETTING_HOSTS:
    case SETTING_ORIGINS:
        allowed_text_print(out, setting);
        break;
    case SETTING__MAX:
        break;
    }
}

/* Help as comment lines of at most 90 characters. */
static void help_print(struct buf *out, const char *help)
{
    enum {
        WIDTH = 88
    };
    size_t column = 0;

    while (*help != '\0') {
        size_t word = strcspn(help, " ");

        if (column == 0 || column + 1 + word > WIDTH) {
            buf_puts(out, column == 0 ? "# " : "\n# ");
            column = 0;
        } else {
            buf_putc(out, ' ');
            column++;
        }
        buf_put(out, help, word);
        column += word;
        help += word + (help[word] == ' ');
    }
    buf_putc(out, '\n');
}

void config_print_example(struct buf *out)
{
    buf_puts(out, "# forestgate.conf: the settings of this home, each shown at its default.\n"
                  "# Take away the # to change one. The command line and FORESTGATE_<NAME> in\n"
                  "# the environment go before this file. See forestgate.conf(5).\n");
    for (size_t i = 0; i < config_settings_count; i++) {
        const struct setting *setting = &config_settings[i];

        buf_putc(out, '\n');
        help_print(out, setting->help);
        buf_puts(out, "# Allowed: ");
        config_allowed_print(out, setting);
        buf_printf(out, ".\n#%s = %s\n", setting->name, setting->fallback);
    }
}

/* Help as mdoc has text: each sentence on a line of its own, lines of at most 80. */
static void help_print_mdoc(struct buf *out, const char *help)
{
    enum {
        WIDTH = 80
    };
    size_t column = 0;
    bool ended = false;

    while (*help != '\0') {
        size_t word = strcspn(help, " ");

        if (column > 0 && (ended || column + 1 + word > WIDTH)) {
            buf_putc(out, '\n');
            column = 0;
        } else if (column > 0) {
            buf_putc(out, ' ');
            column++;
        }
        buf_put(out, help, word);
        column += word;
        ended = word > 0 && help[word - 1] == '.';
        help += word + (help[word] == ' ');
    }
    buf_putc(out, '\n');
}

void config_print_mdoc(struct buf *out)
{
    for (size_t i = 0; i < config_settings_count; i++) {
        const struct setting *setting = &config_settings[i];

        buf_printf(out, ".It Cm %s\n", setting->name);
        help_print_mdoc(out, setting->help);
        buf_puts(out, "Allowed: ");
        config_allowed_print(out, setting);
        buf_printf(out, ".\nDefault: %s.\n",
                   setting->fallback[0] != '\0' ? setting->fallback : "empty");
    }
}
