/*
 * test_tier.c: tiers: what is none, what may not go, and what a change of one is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "gate/key.h"
#include "gate/tier.h"

static struct home home;
static struct reason why;

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    return 0;
}

static enum result set(const char *name, const char *limits)
{
    struct tier_row row = {.price = TIER_PRICE_CALL};

    strcpy(row.name, name);
    strcpy(row.limits, limits);
    return tier_set(&home, &row, &why);
}

static struct tier_row get(const char *name)
{
    struct tier_row row;

    if (tier_row_get(home.db, name, &row, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return row;
}

static void key_make(const char *tier, struct key_row *row)
{
    struct key_wish wish = {{[KEY_PART_NAME] = "test", [KEY_PART_TIER] = tier}};
    char text[KEY_TEXT_LEN + 1];

    if (key_create(&home, &wish, text, row, NULL, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static void names_that_cannot_be_are_refused(void **state)
{
    static const char *const bad[] = {"",    "_a",  "-a",  "A",
                                      "a b", "a.b", "a,b", "a/b",
                                      "ä",   "a\n", "*",   "012345678901234567890123456789012"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (tier_name_valid(bad[i]))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_int_equal(set("A", ""), RESULT_INVALID);
    assert_true(tier_name_valid("0"));
    assert_true(tier_name_valid("gold_2-x"));
    assert_true(tier_name_valid("01234567890123456789012345678901"));
}

static void limits_that_are_none_are_refused_and_leave_the_tier(void **state)
{
    (void)state;
    assert_int_equal(set("gold", "5/60s"), RESULT_OK);
    assert_int_equal(set("gold", "5"), RESULT_INVALID);
    assert_int_equal(set("gold", "5/60s,6/1m"), RESULT_INVALID);
    assert_string_equal(get("gold").limits, "5/60s");
    assert_int_equal(set("other", "junk"), RESULT_INVALID);
    assert_int_equal(tier_row_get(home.db, "other", &(struct tier_row){0}, &why),
                     RESULT_MISSING);
}

static void a_refusal_names_the_tiers_that_there_are(void **state)
{
    struct tier_row row;

    (void)state;
    assert_int_equal(tier_find(&home, "none", &row, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "free, premium, standard, unlimited"));
    assert_int_equal(tier_delete(&home, "none", &why), RESULT_INVALID);
    for (const char *const *name =
             (const char *const[]){"free", "premium", "standard", "unlimited", NULL};
         *name != NULL; name++)
        assert_int_equal(tier_delete(&home, *name, &why), RESULT_OK);
    assert_int_equal(tier_find(&home, "none", &row, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "is none"));
}

static void a_tier_that_keys_have_is_not_deleted(void **state)
{
    struct key_row one, two, three;

    (void)state;
    assert_int_equal(set("gold", ""), RESULT_OK);
    key_make("gold", &one);
    key_make("gold", &two);
    key_make("free", &three);
    assert_int_equal(tier_delete(&home, "gold", &why), RESULT_EXISTS);
    assert_non_null(strstr(why.text, "2 keys are"));
    assert_int_equal(home_change_begin(&home, &why), RESULT_OK);
    assert_int_equal(tier_row_delete(home.db, "gold", &why), RESULT_EXISTS);
    assert_int_equal(home_change_end(&home, RESULT_EXISTS, &why), RESULT_EXISTS);
    assert_int_equal(key_revoke(&home, one.id, &why), RESULT_OK);
    assert_int_equal(tier_delete(&home, "gold", &why), RESULT_EXISTS);
    assert_non_null(strstr(why.text, "1 key is"));
    assert_int_equal(key_revoke(&home, two.id, &why), RESULT_OK);
    assert_int_equal(tier_delete(&home, "gold", &why), RESULT_OK);
    assert_int_equal(tier_row_get(home.db, "gold", &(struct tier_row){0}, &why),
                     RESULT_MISSING);
    /* the row of a key that was of it can still be read */
    assert_int_equal(key_row_get(home.db, one.id, &one, &why), RESULT_OK);
    assert_string_equal(one.tier, "gold");
    assert_string_equal(one.of_tier.name, "");
}

static void a_refusal_leaves_the_epoch_alone(void **state)
{
    struct key_row row;
    uint64_t epoch;

    (void)state;
    key_make("standard", &row);
    epoch = epoch_read(home.epoch);
    assert_int_equal(set("gold", "junk"), RESULT_INVALID);
    assert_int_equal(tier_delete(&home, "standard", &why), RESULT_EXISTS);
    assert_int_equal(tier_delete(&home, "none", &why), RESULT_INVALID);
    assert_int_equal(epoch_read(home.epoch), epoch);
}

static void every_change_is_a_new_epoch(void **state)
{
    uint64_t epoch = epoch_read(home.epoch);

    (void)state;
    assert_int_equal(set("gold", "5/60s"), RESULT_OK);
    assert_true(epoch_read(home.epoch) > epoch && epoch_is_settled(epoch_read(home.epoch)));
    epoch = epoch_read(home.epoch);
    assert_int_equal(tier_delete(&home, "gold", &why), RESULT_OK);
    assert_true(epoch_read(home.epoch) > epoch && epoch_is_settled(epoch_read(home.epoch)));
}

static void a_tier_that_is_set_again_is_another_as_a_whole(void **state)
{
    struct tier_row row = {
        .name = "gold", .limits = "7/month,5/1m", .price = TIER_PRICE_ROW, .shadow = true};

    (void)state;
    assert_int_equal(tier_set(&home, &row, &why), RESULT_OK);
    row = get("gold");
    assert_string_equal(row.limits, "5/60s,7/month");
    assert_true(row.price == TIER_PRICE_ROW && row.shadow);
    assert_int_equal(set("gold", "9/day"), RESULT_OK);
    row = get("gold");
    assert_string_equal(row.limits, "9/day");
    assert_true(row.price == TIER_PRICE_CALL && !row.shadow);
}

static void keep_gold(void *arg, const struct tier_row *row)
{
    if (strcmp(row->name, "gold") == 0)
        *(struct tier_row *)arg = *row;
}

static void a_list_counts_the_keys_that_are_not_revoked(void **state)
{
    struct tier_row gold = {.keys = -1};
    struct key_row one, two;

    (void)state;
    assert_int_equal(set("gold", "5/60s"), RESULT_OK);
    key_make("gold", &one);
    key_make("gold", &two);
    assert_int_equal(key_revoke(&home, one.id, &why), RESULT_OK);
    assert_int_equal(tier_row_list(home.db, keep_gold, &gold, &why), RESULT_OK);
    assert_int_equal(gold.keys, 1);
    assert_string_equal(gold.limits, "5/60s");
}

static void scopes_are_read_and_written_as_words(void **state)
{
    char out[KEY_SCOPES_MAX + 1];
    unsigned scopes = 77;

    (void)state;
    assert_false(key_scopes_parse("", &scopes));
    assert_false(key_scopes_parse("read,,jobs", &scopes));
    assert_false(key_scopes_parse("read,write", &scopes));
    assert_false(key_scopes_parse(",read", &scopes));
    assert_int_equal(scopes, 77);
    assert_true(key_scopes_parse("admin,read,jobs,predict,read", &scopes));
    key_scopes_print(out, scopes);
    assert_string_equal(out, "predict,jobs,read,admin");
    assert_true(key_scopes_parse("metrics,read", &scopes));
    key_scopes_print(out, scopes);
    assert_string_equal(out, "read,metrics");
    key_scopes_print(out, 0);
    assert_string_equal(out, "");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(names_that_cannot_be_are_refused),
        EACH(limits_that_are_none_are_refused_and_leave_the_tier),
        EACH(a_refusal_names_the_tiers_that_there_are),
        EACH(a_tier_that_keys_have_is_not_deleted),
        EACH(a_refusal_leaves_the_epoch_alone),
        EACH(every_change_is_a_new_epoch),
        EACH(a_tier_that_is_set_again_is_another_as_a_whole),
        EACH(a_list_counts_the_keys_that_are_not_revoked),
        cmocka_unit_test(scopes_are_read_and_written_as_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
