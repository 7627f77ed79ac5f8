/*
 * cmd_audit.c: forestgate audit: list, check, accept.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/ask.h"
#include "cmd/cli.h"
#include "cmd/field_list.h"
#include "cmd/time_option.h"
#include "gate/audit.h"

#define AUDIT_AT(member) offsetof(struct audit_row, member)

static const struct field audit_fields[] = {
    {"seq", FIELD_NUMBER, 0, AUDIT_AT(seq)},
    {"at", FIELD_TIME, 0, AUDIT_AT(at_us)},
    {"actor", FIELD_TEXT, 0, AUDIT_AT(actor)},
    {"address", FIELD_TEXT, 0, AUDIT_AT(address)},
    {"request_id", FIELD_TEXT, 0, AUDIT_AT(request_id)},
    {"action", FIELD_TEXT, 0, AUDIT_AT(action)},
    {"target", FIELD_TEXT, 0, AUDIT_AT(target)},
    {"before", FIELD_JSON, 0, AUDIT_AT(before)},
    {"after", FIELD_JSON, 0, AUDIT_AT(after)},
    {0},
};

/* For people: what may be long last. */
static const struct field audit_columns[] = {
    {"seq", FIELD_NUMBER, 6, AUDIT_AT(seq)},
    {"at", FIELD_TIME, -27, AUDIT_AT(at_us)},
    {"actor", FIELD_TEXT, -17, AUDIT_AT(actor)},
    {"action", FIELD_TEXT, -17, AUDIT_AT(action)},
    {"target", FIELD_TEXT, -23, AUDIT_AT(target)},
    {"address", FIELD_TEXT, -15, AUDIT_AT(address)},
    {"before", FIELD_JSON, -24, AUDIT_AT(before)},
    {"after", FIELD_JSON, -24, AUDIT_AT(after)},
    {0},
};

static enum result filter_read(const struct option_set *set, struct audit_filter *filter,
                               struct reason *why)
{
    unsigned long long limit = 0, below = 0;
    enum result result;

    memset(filter, 0, sizeof(*filter));
    filter->actor = option_value(set, "--actor");
    filter->action = option_value(set, "--action");
    filter->target = option_value(set, "--target");
    result = time_option_read(set, "--since", &filter->since_us, why);
    if (result == RESULT_OK)
        result = time_option_read(set, "--until", &filter->until_us, why);
    if (result == RESULT_OK)
        result = option_u64(set, "--below", 1, INT64_MAX, &below, why);
    if (result == RESULT_OK)
        result = option_u64(set, "--limit", 0, INT64_MAX, &limit, why);
    filter->before_seq = (int64_t)below;
    filter->limit = (int64_t)limit;
    return result;
}

static void list_row(void *arg, const struct audit_row *row)
{
    field_list_add(arg, row);
}

static int run_list(const struct option_set *set)
{
    struct audit_filter filter;
    struct field_list list;
    enum result result;
    struct reason why;
    struct home home;

    if (filter_read(set, &filter, &why) != RESULT_OK ||
        field_list_start(&list, set, audit_columns, audit_fields, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = audit_row_list(home.db, &filter, list_row, &list, &why);
    return cli_home_end(&home, field_list_end(&list, result, &why));
}

static int run_check(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    struct audit_proof proof;
    enum result result;
    struct reason why;
    struct home home;
    int status;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = audit_prove(&home, &proof, &why);
    if (result == RESULT_OK && proof.problem[0] != '\0')
        reason_set(&why, RESULT_OK, "the audit trail: %s", proof.problem);
    cli_home_close(&home);
    if (result != RESULT_OK)
        return cli_fail(&why);
    if (option_given(set, "--json"))
        audit_proof_write(&writer, &proof);
    else if (proof.problem[0] == '\0')
        buf_printf(&text, "the audit trail is whole: rows proved: %" PRId64, proof.rows);
    status = text.len > 0 || buf_failed(&text) ? cli_tell(set, &text) : CLI_DONE;
    return proof.problem[0] != '\0' ? cli_fail(&why) : status;
}

static int run_accept(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct reason why;
    struct home home;
    struct audit_proof proof;
    int64_t seq = 0;
    int status;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = audit_prove(&home, &proof, &why);
    if (result == RESULT_OK && !ask_meant(set, &status,
                                          "take the end of the audit trail as it is: %" PRId64
                                          " rows at least are lost",
                                          proof.lost))
        return cli_home_end(&home, status);
    if (result == RESULT_OK)
        result = audit_accept(&home, &seq, &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_i64(&writer, "seq", seq);
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_printf(&text, "the audit trail ends with row %" PRId64 ", which says so", seq);
    }
    return cli_home_end(&home, cli_told(set, &text, result, &why));
}

static const struct option_row list_options[] = {
    {"--actor", "WHO", "changes that this one made: cli:NAME, user:ID, key:ID", NULL},
    {"--action", "WHAT", "of this kind alone: key.create, or key for all of keys", NULL},
    {"--target", "WHICH", "of this alone: key:ID, tier:NAME, model:NAME, user:ID", NULL},
    {"--since", "TIME", "from then on: 2026-11-21, or a time, or how long ago: 30d", NULL},
    {"--until", "TIME", "before then", NULL},
    {"--below", "N", "rows of a lower number alone", NULL},
    {"--limit", "N", "how many, the newest; 0 is all", "50"},
    {"--csv", NULL, "print CSV", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

static const struct option_row accept_options[] = {ASK_OPTIONS, CLI_COMMON_OPTIONS};

const struct cli_command cmd_audit_commands[] = {
    {"audit", "list", "", 0, list_options, run_list, "list who changed what, newest first",
     "  forestgate audit list --since 7d\n"
     "  forestgate audit list --target key:4hT0aYb2Zq9c --limit 0 --json\n"},
    {"audit", "check", "", 0, plain_options, run_check,
     "prove that no row was changed, added or lost", "  forestgate audit check\n"},
    {"audit", "accept", "", 0, accept_options, run_accept,
     "take the end as it is, after a backup was put back", "  forestgate audit accept\n"},
    {0},
};
