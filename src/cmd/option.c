/*
 * option.c: the command line: nouns, verbs, options and operands.
 */
#include "cmd/option.h"

#include <stdint.h>
#include <string.h>

#include "base/num.h"

/* The row that an argument names, up to its end or its =. */
static const struct option_row *row_find(const struct option_row *rows, const char *argument)
{
    size_t len = strcspn(argument, "=");

    for (; rows->name != NULL; rows++)
        if (strlen(rows->name) == len && memcmp(rows->name, argument, len) == 0)
            return rows;
    return NULL;
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
        return reason_set(why, RESULT_INVALID, "there is no option %.*s here; see --help",
                          (int)strcspn(argv[0], "="), argv[0]);
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
