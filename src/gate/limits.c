/*
 * limits.c: what a tier or a key allows, as text and as values.
 */
#include "gate/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/rate.h"
#include "base/text.h"

enum {
    ITEM_MAX = 64, /* of an item, with room for leading zeros */
    ITEM_SHOWN = 40
};

/* What comes behind the / of a quota. */
static const char *const quota_names[LIMIT_KIND__MAX] = {
    [LIMIT_DAY] = "day",
    [LIMIT_MONTH] = "month",
};

static const struct {
    const char *name, *allowed;
} part_rows[LIMITS_PART__MAX] = {
    [LIMITS_RATES] = {"rate",
                      "a number from 1 to 1000000000, a / and a time of up to 366d with "
                      "s, m, h, d or w behind it, such as 5/60s"},
    [LIMITS_QUOTAS] = {"quota", "a number from 1 to 1000000000 with /day or /month behind it, "
                                "such as 1000/day"},
};

static enum limits_part part_of(const struct limit *limit)
{
    return limit->kind == LIMIT_RATE ? LIMITS_RATES : LIMITS_QUOTAS;
}

static bool quota_parse(const char *item, struct limit *out)
{
    const char *slash = strchr(item, '/');
    uint64_t count;

    if (slash == NULL || !num_parse_u64(item, (size_t)(slash - item), &count))
        return false;
    if (count < 1 || count > RATE_COUNT_MAX)
        return false;
    for (enum limit_kind kind = LIMIT_DAY; kind < LIMIT_KIND__MAX; kind++)
        if (strcmp(slash + 1, quota_names[kind]) == 0) {
            *out = (struct limit){.kind = kind, .count = (int64_t)count};
            return true;
        }
    return false;
}

static bool item_parse(const char *text, size_t len, struct limit *out)
{
    char item[ITEM_MAX];
    struct rate rate;

    if (len == 0 || len >= sizeof(item))
        return false;
    memcpy(item, text, len);
    item[len] = '\0';
    if (quota_parse(item, out))
        return true;
    if (!rate_parse(item, &rate))
        return false;
    *out = (struct limit){.kind = LIMIT_RATE, .count = rate.count, .seconds = rate.seconds};
    return true;
}

/* Whether a comes before b in a list. */
static bool is_before(const struct limit *a, const struct limit *b)
{
    return a->kind != b->kind ? a->kind < b->kind : a->seconds < b->seconds;
}

static size_t count_of(const struct limits *limits, enum limits_part part)
{
    size_t count = 0;

    for (size_t i = 0; i < limits->count; i++)
        count += part_of(&limits->items[i]) == part;
    return count;
}

/* Puts it in its place. */
static enum result insert(struct limits *limits, const struct limit *limit, struct reason *why)
{
    char name[LIMIT_NAME_MAX];
    size_t at = 0;

    while (at < limits->count && is_before(&limits->items[at], limit))
        at++;
    if (at < limits->count && !is_before(limit, &limits->items[at])) {
        limit_name(name, limit);
        return reason_set(why, RESULT_INVALID, "there are two limits for %s%s; allowed is one",
                          limit->kind == LIMIT_RATE ? "" : "a ", name);
    }
    if (part_of(limit) == LIMITS_RATES && count_of(limits, LIMITS_RATES) == LIMITS_RATES_MAX)
        return reason_set(why, RESULT_INVALID, "there are more than %d rates",
                          LIMITS_RATES_MAX);
    memmove(&limits->items[at + 1], &limits->items[at],
            (limits->count - at) * sizeof(limits->items[0]));
    limits->items[at] = *limit;
    limits->count++;
    return RESULT_OK;
}

static enum result item_refuse(const char *text, size_t len, enum limits_part part,
                               struct reason *why)
{
    if (len > ITEM_SHOWN)
        len = ITEM_SHOWN;
    if (part == LIMITS_PART__MAX)
        return reason_set(
            why, RESULT_INVALID, "the limit \"%.*s\" is not allowed; allowed: %s; or %s",
            (int)len, text, part_rows[LIMITS_RATES].allowed, part_rows[LIMITS_QUOTAS].allowed);
    return reason_set(why, RESULT_INVALID, "the %s \"%.*s\" is not allowed; allowed: %s",
                      part_rows[part].name, (int)len, text, part_rows[part].allowed);
}

/* Adds the items of a list, which are of this part; LIMITS_PART__MAX: of any. */
static enum result add_list(struct limits *limits, const char *text, enum limits_part part,
                            struct reason *why)
{
    enum result result = RESULT_OK;
    struct limit limit;
    size_t len;

    for (; result == RESULT_OK && *text != '\0'; text += len) {
        len = strcspn(text, ",");
        if (!item_parse(text, len, &limit) ||
            (part != LIMITS_PART__MAX && part_of(&limit) != part))
            return item_refuse(text, len, part, why);
        result = insert(limits, &limit, why);
        if (text[len] == ',' && text[++len] == '\0' && result == RESULT_OK)
            return reason_set(why, RESULT_INVALID, "the list ends in a comma");
    }
    return result;
}

enum result limits_parse(const char *text, struct limits *out, struct reason *why)
{
    memset(out, 0, sizeof(*out));
    return add_list(out, text, LIMITS_PART__MAX, why);
}

enum result limits_replace(struct limits *limits, enum limits_part part, const char *text,
                           struct reason *why)
{
    struct limits others = {0};
    enum result result;

    for (size_t i = 0; i < limits->count; i++)
        if (part_of(&limits->items[i]) != part)
            others.items[others.count++] = limits->items[i];
    result = add_list(&others, text, part, why);
    if (result == RESULT_OK)
        *limits = others;
    return result;
}

void limit_name(char out[LIMIT_NAME_MAX], const struct limit *limit)
{
    char window[RATE_TEXT_MAX];

    if (limit->kind == LIMIT_RATE)
        rate_window_print(window, limit->seconds);
    else
        text_copy(window, sizeof(window), quota_names[limit->kind]);
    text_copy(out, LIMIT_NAME_MAX, window);
}

void limits_print(char out[LIMITS_TEXT_MAX], const struct limits *limits)
{
    char name[LIMIT_NAME_MAX];
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < limits->count; i++) {
        limit_name(name, &limits->items[i]);
        text_print(out + used, LIMITS_TEXT_MAX - used, "%s%" PRId64 "/%s", i > 0 ? "," : "",
                   limits->items[i].count, name);
        used += strlen(out + used);
    }
}

void limits_override(struct limits *tier, const struct limits *own)
{
    struct limits merged = {0};
    bool own_kinds[LIMIT_KIND__MAX] = {false};
    struct limit *to = merged.items;

    for (size_t i = 0; i < own->count; i++)
        own_kinds[own->items[i].kind] = true;
    for (enum limit_kind kind = 0; kind < LIMIT_KIND__MAX; kind++) {
        const struct limits *from = own_kinds[kind] ? own : tier;

        for (size_t i = 0; i < from->count; i++)
            if (from->items[i].kind == kind)
                *to++ = from->items[i];
    }
    merged.count = (size_t)(to - merged.items);
    *tier = merged;
}
