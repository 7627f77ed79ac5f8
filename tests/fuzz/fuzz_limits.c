/*
 * fuzz_limits.c: any text as limits, as addresses and as scopes.
 *
 * What is taken is within its bounds and in order, and what is written of it is read as the
 * same again; a refusal has a reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/addr.h"
#include "base/rate.h"
#include "gate/limits.h"
#include "store/keys.h"

static void check_order(const struct limits *limits)
{
    size_t rates = 0;

    CHECK(limits->count <= LIMITS_MAX);
    for (size_t i = 0; i < limits->count; i++) {
        const struct limit *limit = &limits->items[i];

        CHECK(limit->count >= 1 && limit->count <= RATE_COUNT_MAX);
        CHECK((limit->kind == LIMIT_RATE) == (limit->seconds > 0));
        CHECK(limit->seconds <= RATE_SECONDS_MAX);
        rates += limit->kind == LIMIT_RATE;
        if (i > 0)
            CHECK(limit[-1].kind < limit->kind ||
                  (limit[-1].kind == LIMIT_RATE && limit[-1].seconds < limit->seconds));
    }
    CHECK(rates <= LIMITS_RATES_MAX);
}

static bool same(const struct limits *a, const struct limits *b)
{
    char texts[2][LIMITS_TEXT_MAX];

    limits_print(texts[0], a);
    limits_print(texts[1], b);
    return strcmp(texts[0], texts[1]) == 0;
}

static void check_limits(const char *text)
{
    struct limits limits, again, merged;
    char out[LIMITS_TEXT_MAX];
    struct reason why = {{0}};

    if (limits_parse(text, &limits, &why) != RESULT_OK) {
        CHECK(why.text[0] != '\0');
        return;
    }
    check_order(&limits);
    limits_print(out, &limits);
    CHECK(limits_parse(out, &again, NULL) == RESULT_OK && same(&limits, &again));
    /* over any other limits, and under none */
    CHECK(limits_parse("1/1s,2/2s,3/3s,4/4s,5/day,6/month", &merged, NULL) == RESULT_OK);
    limits_override(&merged, &limits);
    check_order(&merged);
    limits_override(&again, &(struct limits){0});
    CHECK(same(&limits, &again));
    for (enum limits_part part = 0; part < LIMITS_PART__MAX; part++) {
        again = merged;
        if (limits_replace(&again, part, out, NULL) == RESULT_OK)
            check_order(&again);
        else
            CHECK(same(&again, &merged));
    }
}

static void check_addresses(const char *text)
{
    char out[ADDR_RANGES_MAX * (ADDR_TEXT_MAX + 5)];
    struct addr_list list, again;

    if (addr_list_parse(text, &list, NULL) != RESULT_OK)
        return;
    CHECK(addr_list_print(out, sizeof(out), &list));
    CHECK(addr_list_parse(out, &again, NULL) == RESULT_OK);
    CHECK(memcmp(&list, &again, sizeof(list)) == 0);
    for (size_t i = 0; i < list.count; i++)
        CHECK(addr_list_has(&list, &list.ranges[i].base));
}

static void check_scopes(const char *text)
{
    char out[KEY_SCOPES_MAX + 1];
    unsigned scopes = 0, again = 0;

    if (!key_scopes_parse(text, &scopes))
        return;
    key_scopes_print(out, scopes);
    CHECK(key_scopes_parse(out, &again) && again == scopes && scopes != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_limits(text);
    check_addresses(text);
    check_scopes(text);
    free(text);
    return 0;
}
