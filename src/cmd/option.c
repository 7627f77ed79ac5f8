/*
 * option.c: the command line: nouns, verbs, options and operands.
 */
#include "cmd/option.h"

#include <stdint.h>
#include <string.h>

#include "base/near.h"
#include "base/num.h"
#include "base/text.h"

/* What fingers know, of the options that have it. */
static const struct {
    const char *name, *whole;
} shorts[] = {{"-h", "--help"}, {"-q", "--quiet"}, {"-y", "--yes"}};

static const struct option_row *row_named(const struct option_row *rows, const char *name,
                                          size_t len)
{
    for (; rows->name != NULL; rows++)
        if (strlen(rows->name) == len && memcmp(rows->name, name, len) == 0)
            return rows;
    return NULL;
}

/* The row that an argument names, up to its end or its =. */
static const struct option_row *row_find(const struct option_row *rows, const char *argument)
{
    const struct option_row *row = row_named(rows, argument, strcspn(argument, "="));

    for (size_t i = 0; row == NULL && i < sizeof(shorts) / sizeof(shorts[0]); i++)
        if (strcmp(shorts[i].name, argument) == 0)
            row = row_named(rows, shorts[i].whole, strlen(shorts[i].whole));
    return row;
}

/* The dashes are not counted as letters that are right. */
static enum result row_missing(const struct option_row *rows, const char *argument,
                               struct reason *why)
{
    const int len = (int)strcspn(argument, "=");
    char name[NEAR_WORD_MAX + 2];
    struct near near;

    text_print(name, sizeof(name), "%.*s", len, argument);
    near_begin(&near, name + strspn(name, "-"));
    for (; rows->name != NULL; rows++)
        if (rows->name[1] == '-')
            near_try(&near, rows->name + 2);
    if (near_word(&near) != NULL)
        return reason_set(why, RESULT_INVALID,
                          "there is no option %.*s here; did you mean --%s?",
                          len < 80 ? len : 80, argument, near_word(&near));
    return reason_set(why, RESULT_INVALID, "there is no option %.*s here; see --help",
                      len < 80 ? len : 80, argument);
}

static bool may_repeat(const struct option_row *row)
{
    size_t len = row->value != NULL ? strlen(row->value) : 0;

    return len >= 3 && strcmp(row->value + len - 3, "...") == 0;
}

/* Keeps the value of a row: where it has one already, behind it. */
static enum result value_keep(struct option_set *set, size_t row, const char *value,
                              struct reason *why)
{
    if (set->values[row] == NULL) {
        set->values[row] = value;
        return RESULT_OK;
    }
    if (!may_repeat(&set->rows[row]))
        return reason_set(why, RESULT_INVALID, "%s is given twice", set->rows[row].name);
    if (set->repeat_count == OPTION_REPEATS_MAX)
        return reason_set(why, RESULT_INVALID, "%s is given too often", set->rows[row].name);
    set->repeats[set->repeat_count].row = row;
    set->repeats[set->repeat_count++].value = value;
    return RESULT_OK;
}

/* The second value, of an option whose value is two words in the table. */
static enum result second_keep(struct option_set *set, const struct option_row *row,
                               char **argv, int left, int *used, struct reason *why)
{
    if (row->value == NULL || strchr(row->value, ' ') == NULL)
        return RESULT_OK;
    if (left <= *used)
        return reason_set(why, RESULT_INVALID, "%s needs two values: %s %s", row->name,
                          row->name, row->value);
    if (set->repeat_count == OPTION_REPEATS_MAX)
        return reason_set(why, RESULT_INVALID, "%s is given too often", row->name);
    set->repeats[set->repeat_count].row = (size_t)(row - set->rows);
    set->repeats[set->repeat_count++].value = argv[(*used)++];
    return RESULT_OK;
}

/* Takes one option and its value; *used counts the arguments that were taken. */
static enum result option_take(char **argv, int left, struct option_set *set, int *used,
                               struct reason *why)
{
    const struct option_row *row = row_find(set->rows, argv[0]);
    const char *equals = strchr(argv[0], '=');
    const char *value;
    enum result result;

    if (row == NULL)
        return row_missing(set->rows, argv[0], why);
    *used = 1;
    if (row->value == NULL && equals != NULL)
        return reason_set(why, RESULT_INVALID, "%s takes no value", row->name);
    if (row->value == NULL) {
        value = row->name;
    } else if (equals != NULL) {
        value = equals + 1;
    } else if (left > 1) {
        value = argv[1];
        *used = 2;
    } else {
        return reason_set(why, RESULT_INVALID, "%s needs a value: %s %s", row->name, row->name,
                          row->value);
    }
    result = value_keep(set, (size_t)(row - set->rows), value, why);
    return result == RESULT_OK ? second_keep(set, row, argv, left, used, why) : result;
}

enum result option_parse(int argc, char **argv, const struct option_row *rows,
                         struct option_set *set, struct reason *why)
{
    bool ended = false;
    enum result result;
    int used;

    memset(set, 0, sizeof(*set));
    set->rows = rows;
    for (int i = 0; i < argc; i += used) {
        used = 1;
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            result = option_take(argv + i, argc - i, set, &used, why);
            if (result != RESULT_OK)
                return result;
        } else if (set->operand_count == OPTION_OPERANDS_MAX) {
            return reason_set(why, RESULT_INVALID, "\"%.80s\" is one argument too many",
                              argv[i]);
        } else {
            set->operands[set->operand_count++] = argv[i];
        }
    }
    return RESULT_OK;
}

static size_t index_of(const struct option_set *set, const char *name)
{
    size_t i = 0;

    while (strcmp(set->rows[i].name, name) != 0)
        i++;
    return i;
}

const char *option_value(const struct option_set *set, const char *name)
{
    size_t i = index_of(set, name);

    return set->values[i] != NULL ? set->values[i] : set->rows[i].fallback;
}

bool option_given(const struct option_set *set, const char *name)
{
    return set->values[index_of(set, name)] != NULL;
}

const char *option_value_at(const struct option_set *set, const char *name, size_t i)
{
    size_t row = index_of(set, name);

    if (i == 0)
        return set->values[row];
    for (size_t j = 0; j < set->repeat_count; j++)
        if (set->repeats[j].row == row && --i == 0)
            return set->repeats[j].value;
    return NULL;
}

bool option_is(const char *argument, const char *name)
{
    for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++)
        if (strcmp(shorts[i].name, argument) == 0)
            argument = shorts[i].whole;
    return strcmp(argument, name) == 0;
}

enum result option_u64(const struct option_set *set, const char *name, unsigned long long min,
                       unsigned long long max, unsigned long long *out, struct reason *why)
{
    const char *text = option_value(set, name);
    uint64_t value;

    if (text == NULL)
        return RESULT_OK;
    if (!num_parse_u64(text, strlen(text), &value) || value < min || value > max)
        return reason_set(
            why, RESULT_INVALID,
            "%s: \"%.40s\" is not allowed; allowed: a whole number from %llu to %llu", name,
            text, min, max);
    *out = value;
    return RESULT_OK;
}
