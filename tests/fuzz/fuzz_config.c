/*
 * fuzz_config.c: any bytes as forestgate.conf, as the environment and as one setting.
 *
 * The first byte says which.
 *
 * - A file that is taken has every number within its bounds, and means the same when it is
 *   loaded once more, without a line's end, or with comments around it.
 * - A refusal says where, in one line without a control character, and one setting that is
 *   refused leaves all as it was.
 * - A setting is taken alike from a file, the environment and the command line.
 */
#include "fuzz.h"

#include <ctype.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config_inner.h"

enum {
    LINE_MAX_CHARS = 190
};

static struct config defaults;

/* What goes into the configuration of a front as it is, and so has none of these. */
static void check_plain(const struct setting *setting, const char *text)
{
    if (setting->type >= SETTING_PATH)
        CHECK(strpbrk(text, "\"'\\$%&|;{}#") == NULL);
}

static void check_bounds(const struct config *config)
{
    for (size_t i = 0; i < config_settings_count; i++) {
        const struct setting *setting = &config_settings[i];
        const char *text = (const char *)config + setting->offset;
        int64_t number;

        check_plain(setting, text);
        memcpy(&number, text, sizeof(number));
        if (setting->type == SETTING_INT || setting->type == SETTING_SIZE ||
            setting->type == SETTING_SPAN)
            CHECK(number >= setting->min && number <= setting->max);
        else if (setting->type == SETTING_PERIOD)
            CHECK(number == 0 || (number >= setting->min && number <= setting->max));
        else if (setting->type >= SETTING_FILE || setting->type == SETTING_NAME)
            for (; *text != '\0'; text++)
                CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
    }
}

static void check_reason(const struct reason *why, const char *where)
{
    CHECK(strncmp(why->text, where, strlen(where)) == 0);
    CHECK(why->text[strlen(where)] == ':');
}

/* Loads a text as the file; it has to be one, since a directory or a pipe is none. */
static enum result load(struct config *config, const char *before, const char *text, size_t len,
                        const char *after)
{
    int fd = memfd_create("forestgate.conf", MFD_CLOEXEC);
    struct reason why = {{0}};
    enum result result;
    char path[32];

    CHECK(fd >= 0);
    CHECK(write(fd, before, strlen(before)) == (ssize_t)strlen(before));
    CHECK(len == 0 || write(fd, text, len) == (ssize_t)len);
    CHECK(write(fd, after, strlen(after)) == (ssize_t)strlen(after));
    snprintf(path, sizeof(path), "/dev/fd/%d", fd);
    *config = defaults;
    result = config_load_file(config, path, &why);
    if (result != RESULT_OK)
        check_reason(&why, path);
    close(fd);
    return result;
}

static void check_file(const char *text, size_t len)
{
    struct config config, again;
    bool last = len > 0 && text[len - 1] == '\n';

    if (load(&config, "", text, len, "") != RESULT_OK)
        return;
    check_bounds(&config);
    CHECK(load(&again, "", text, len, "") == RESULT_OK);
    CHECK(memcmp(&config, &again, sizeof(config)) == 0);
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark has to be the first */
        return;
    CHECK(load(&again, "# before\n; and\n\n", text, len, last ? "# behind" : "\n\n#") ==
          RESULT_OK);
    CHECK(memcmp(&config, &again, sizeof(config)) == 0);
}

/* Lines of NAME=VALUE. */
static void check_environment(const char *text, size_t len)
{
    char *lines = fuzz_text((const uint8_t *)text, len), *rest = lines, *variables[65];
    struct config config = defaults, again = defaults;
    struct reason why = {{0}};
    size_t count = 0;

    while (count < 64 && rest != NULL)
        variables[count++] = strsep(&rest, "\n");
    variables[count] = NULL;
    if (config_load_environment(&config, variables, &why) == RESULT_OK) {
        check_bounds(&config);
        CHECK(config_load_environment(&again, variables, &why) == RESULT_OK);
        CHECK(memcmp(&config, &again, sizeof(config)) == 0);
    } else {
        CHECK(strncmp(why.text, "FORESTGATE_", 11) == 0);
    }
    free(lines);
}

/* Whether inih gives a value as it stands: it cuts blanks around, comments and line ends. */
static bool is_plain(const char *value)
{
    size_t len = strlen(value);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)value[i] < 0x20 || value[i] == ';')
            return false;
    return len == 0 || (value[0] != ' ' && value[len - 1] != ' ');
}

/* A name, a zero byte and a value. */
static void check_setting(const char *text, size_t len)
{
    const char *name = text, *value = memchr(text, '\0', len);
    struct config config = defaults, other = defaults;
    char line[256], variable[256], *environment[] = {variable, NULL};
    struct reason why = {{0}};
    enum result result;

    value = value != NULL && strlen(name) < 64 ? value + 1 : "";
    result = config_set(&config, "--x", name, value, &why);
    if (result != RESULT_OK) {
        check_reason(&why, "--x");
        CHECK(memcmp(&config, &defaults, sizeof(config)) == 0);
    } else {
        check_bounds(&config);
    }
    if (result == RESULT_MISSING || strlen(name) + strlen(value) + 3 > LINE_MAX_CHARS ||
        !is_plain(value))
        return;
    snprintf(line, sizeof(line), "%s = %s", name, value);
    CHECK((load(&other, "", line, strlen(line), "\n") == RESULT_OK) == (result == RESULT_OK));
    CHECK(result != RESULT_OK || memcmp(&config, &other, sizeof(config)) == 0);
    snprintf(variable, sizeof(variable), "FORESTGATE_%s=%s", name, value);
    for (size_t i = 0; variable[i] != '='; i++)
        variable[i] = (char)toupper((unsigned char)variable[i]);
    other = defaults;
    CHECK(config_load_environment(&other, environment, &why) == result);
    CHECK(memcmp(&config, &other, sizeof(config)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(const char *text, size_t len) = {check_file, check_setting,
                                                                   check_environment};
    char *text;

    if (defaults.body_limit == 0)
        config_defaults(&defaults);
    if (size < 1)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    checks[data[0] % 3](text, size - 1);
    free(text);
    return 0;
}
