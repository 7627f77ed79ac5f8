/*
 * test_judge.c: kept rows fall into the version, day and week that they belong to, and only
 * those that were asked for are read.
 */
#include "keep_help.h"

#include <math.h>

#include "gate/judge.h"

#define DAY INT64_C(86400000000)
/* Sunday, 4 January 2026, the last microsecond; the next is Monday's first. */
#define SUNDAY_END (INT64_C(1767571200000000) - 1)

/* An answer to n rows at a time. */
static void answer_at(const char *account, const char *id, int64_t at_us, size_t n)
{
    help_at_us = at_us - 1; /* which help_answer() adds */
    help_answer(account, id, 0, n, true);
}

static void judge(struct judge *judge, const char *account, enum judge_by by, uint64_t most)
{
    const struct keep_filter filter = {.model = "shapes", .account = account};

    keeper_flush(keeper);
    if (judge_read(&home, &filter, by, most, judge, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static void a_model_that_is_none_is_refused(void **state)
{
    const struct keep_filter filter = {.model = "nosuch"};
    struct judge judged;

    (void)state;
    assert_int_equal(judge_read(&home, &filter, JUDGE_BY_DAY, 0, &judged, &why),
                     RESULT_INVALID);
    judge_free(&judged);
}

static void more_parts_than_memory_is_for_are_refused(void **state)
{
    const struct keep_filter filter = {.model = "shapes"};
    struct judge judged;
    char id[16];

    (void)state;
    for (int i = 0; i <= JUDGE_PARTS; i++) {
        snprintf(id, sizeof(id), "day%d", i);
        answer_at("mine", id, SUNDAY_END + i * DAY, 1);
    }
    keeper_flush(keeper);
    assert_int_equal(judge_read(&home, &filter, JUDGE_BY_DAY, 0, &judged, &why),
                     RESULT_TOO_BIG);
    judge_free(&judged);
    judge(&judged, NULL, JUDGE_BY_WEEK, 0);
    assert_int_equal(judged.rows, JUDGE_PARTS + 1);
    judge_free(&judged);
}

static void days_and_weeks_begin_at_midnight_and_on_monday(void **state)
{
    static const struct {
        enum judge_by by;
        int64_t begins[2];
    } cases[] = {
        {JUDGE_BY_DAY, {SUNDAY_END + 1 - DAY, SUNDAY_END + 1}},
        {JUDGE_BY_WEEK, {SUNDAY_END + 1 - 7 * DAY, SUNDAY_END + 1}},
    };
    struct judge judged;

    (void)state;
    answer_at("mine", "late", SUNDAY_END + 1, 3); /* the later ones first */
    answer_at("mine", "early", SUNDAY_END, 2);
    for (size_t i = 0; i < 2; i++) {
        judge(&judged, NULL, cases[i].by, 0);
        assert_int_equal(judged.n_parts, 2);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(judged.parts[k].begin_us, cases[i].begins[k]);
            assert_int_equal(judged.parts[k].rows, 2 + k);
        }
        judge_free(&judged);
    }
    judge(&judged, NULL, JUDGE_BY_VERSION, 0);
    assert_int_equal(judged.n_parts, 1);
    assert_int_equal(judged.parts[0].begin_us, 0);
    assert_int_equal(judged.parts[0].rows, 5);
    judge_free(&judged);
}

static void an_account_is_told_of_its_own_rows(void **state)
{
    struct judge judged;

    (void)state;
    answer_at("mine", "a", SUNDAY_END, 2);
    answer_at("theirs", "b", SUNDAY_END, 3);
    judge(&judged, "theirs", JUDGE_BY_VERSION, 0);
    assert_int_equal(judged.rows, 3);
    judge_free(&judged);
    judge(&judged, NULL, JUDGE_BY_VERSION, 0);
    assert_int_equal(judged.rows, 5);
    assert_false(judged.cut);
    judge_free(&judged);
}

static void more_rows_than_were_to_be_read_are_told_of(void **state)
{
    struct judge judged;

    (void)state;
    answer_at("mine", "a", SUNDAY_END, 10);
    judge(&judged, NULL, JUDGE_BY_VERSION, 10);
    assert_int_equal(judged.rows, 10);
    assert_false(judged.cut);
    judge_free(&judged);
    judge(&judged, NULL, JUDGE_BY_VERSION, 9);
    assert_int_equal(judged.rows, 9);
    assert_true(judged.cut);
    judge_free(&judged);
}

static void truth_is_held_against_what_was_answered(void **state)
{
    const struct keep_about about = {.account = "mine", .request_id = "a"};
    const double truth[] = {0, 1, NAN, 2};
    struct quality_figures figures;
    struct keep_found found;
    struct judge judged;
    int64_t known;

    (void)state;
    answer_at("mine", "a", SUNDAY_END, 5);
    keeper_flush(keeper);
    assert_int_equal(keep_find(&home, &about, &found, &why), RESULT_OK);
    assert_int_equal(keep_truth_set(&home, &found, 0, truth, 4, &known, &why), RESULT_OK);
    judge(&judged, NULL, JUDGE_BY_VERSION, 0);
    assert_int_equal(judged.parts[0].rows, 5);
    assert_int_equal(judged.parts[0].true_rows, 3);
    quality_read(judged.parts[0].targets[0], &figures);
    assert_int_equal(figures.rows, 3);
    assert_int_equal(figures.probable, 3);
    judge_free(&judged);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, help_setup, help_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_model_that_is_none_is_refused),
        TEST(more_parts_than_memory_is_for_are_refused),
        TEST(an_account_is_told_of_its_own_rows),
        TEST(more_rows_than_were_to_be_read_are_told_of),
        TEST(days_and_weeks_begin_at_midnight_and_on_monday),
        TEST(truth_is_held_against_what_was_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
