/*
 * cmd_tier.c: forestgate tier: set, list, delete.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cmd/ask.h"
#include "cmd/cli.h"
#include "gate/limits.h"
#include "gate/tier.h"

/* How many keys are of it is told of a list only. */
static void row_write(struct json_writer *writer, const struct tier_row *row)
{
    struct limits limits;

    json_member_string(writer, "name", row->name);
    if (limits_parse(row->limits, &limits, NULL) == RESULT_OK)
        cli_json_limits(writer, &limits);
    else
        json_member_string(writer, "limits", NULL);
    json_member_string(writer, "price", tier_price_name(row->price));
    json_member_bool(writer, "shadow", row->shadow);
}

/* The rates and quotas that the options list, as a row keeps them. */
static enum result limits_read(const struct option_set *set, struct tier_row *row,
                               struct reason *why)
{
    static const char *const options[LIMITS_PART__MAX] = {
        [LIMITS_RATES] = "--rate",
        [LIMITS_QUOTAS] = "--quota",
    };
    enum result result = RESULT_OK;
    struct limits limits = {0};

    for (enum limits_part part = 0; result == RESULT_OK && part < LIMITS_PART__MAX; part++) {
        struct buf joined = {0};
        const char *list = cli_option_join(set, options[part], &joined);

        if (buf_failed(&joined))
            result = reason_set(why, RESULT_NOMEM, "out of memory");
        else if (list != NULL)
            result = limits_replace(&limits, part, list, why);
        buf_free(&joined);
    }
    if (result == RESULT_OK)
        limits_print(row->limits, &limits);
    return result;
}

static enum result row_read(const struct option_set *set, struct tier_row *row,
                            struct reason *why)
{
    const char *price = option_value(set, "--price");

    memset(row, 0, sizeof(*row));
    if (!tier_name_valid(set->operands[0]))
        return tier_name_refuse(set->operands[0], why);
    text_copy(row->name, sizeof(row->name), set->operands[0]);
    row->shadow = option_given(set, "--shadow");
    if (!tier_price_parse(price, &row->price))
        return reason_set(why, RESULT_INVALID,
                          "--price: \"%.40s\" is not allowed; allowed: call or row", price);
    return limits_read(set, row, why);
}

static int run_set(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct tier_row row;
    struct reason why;
    struct home home;

    if (row_read(set, &row, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = tier_set(&home, &row, &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        row_write(&writer, &row);
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_printf(&text, "tier %s has %s: every worker goes by it", row.name,
                   row.limits[0] == '\0' ? "no limits" : row.limits);
    }
    return cli_home_end(&home, cli_told(set, &text, result, &why));
}

static void list_row(void *arg, const struct tier_row *row)
{
    struct cli_list *list = arg;

    if (list->json) {
        json_write_object(&list->writer);
        row_write(&list->writer, row);
        json_member_i64(&list->writer, "keys", row->keys);
        json_write_object_end(&list->writer);
        return;
    }
    buf_printf(&list->text, "\n%-16s  %-5s  %-6s  %5" PRId64 "  %s", row->name,
               tier_price_name(row->price), row->shadow ? "yes" : "no", row->keys,
               row->limits[0] == '\0' ? "none" : row->limits);
}

static int run_list(const struct option_set *set)
{
    struct cli_list list;
    enum result result;
    struct reason why;
    struct home home;

    cli_list_start(&list, set, "NAME              PRICE  SHADOW   KEYS  LIMITS");
    list.hint = "there is no tier; make one with: forestgate tier set NAME --rate 100/60s";
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = tier_row_list(home.db, list_row, &list, &why);
    return cli_home_end(&home, cli_list_end(&list, result, &why));
}

static int run_delete(const struct option_set *set)
{
    const char *name = set->operands[0];
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct reason why;
    struct tier_row row;
    struct home home;
    int status;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = tier_find(&home, name, &row, &why);
    if (result == RESULT_OK &&
        !ask_meant(set, &status, "delete tier %s, unless a key has it", name))
        return cli_home_end(&home, status);
    if (result == RESULT_OK)
        result = tier_delete(&home, name, &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "name", name);
        json_member_bool(&writer, "deleted", true);
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_printf(&text, "tier %s is deleted", name);
    }
    return cli_home_end(&home, cli_told(set, &text, result, &why));
}

static const struct option_row set_options[] = {
    {"--rate", "N/TIME...", "so often in any such time, such as 5/60s", NULL},
    {"--quota", "N/PERIOD...", "so much a day or month, such as 1000/day", NULL},
    {"--price", "call|row", "what a call costs of the quotas: one, or its rows", "call"},
    {"--shadow", NULL, "count and report the limits, but refuse nothing", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

static const struct option_row delete_options[] = {ASK_OPTIONS, CLI_COMMON_OPTIONS};

const struct cli_command cmd_tier_commands[] = {
    {"tier", "set", "NAME", 1, set_options, run_set, "make a tier, or give it other limits",
     "  forestgate tier set gold --rate 5/1s --rate 100/60s --quota 20000/month\n"},
    {"tier", "list", "", 0, plain_options, run_list, "list the tiers",
     "  forestgate tier list\n"},
    {"tier", "delete", "NAME", 1, delete_options, run_delete, "delete a tier that no key has",
     "  forestgate tier delete gold\n"},
    {0},
};
