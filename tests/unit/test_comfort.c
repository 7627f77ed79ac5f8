/*
 * test_comfort.c: what the command line draws, and that its tables hold together: the line of
 * progress, the lines of forestgate top, and what each word of a table stands for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "cmd/complete.h"
#include "cmd/nouns.h"
#include "cmd/progress.h"
#include "cmd/terminal.h"
#include "cmd/top_draw.h"

static struct buf text;

static int teardown(void **state)
{
    (void)state;
    buf_free(&text);
    return 0;
}

static size_t characters(const char *line)
{
    size_t count = 0;

    for (; *line != '\0'; line++)
        count += (*line & 0xc0) != 0x80;
    return count;
}

/* ---- progress ---- */

static const char *line_of(const struct progress_state *state, size_t width, bool utf8)
{
    buf_clear(&text, SIZE_MAX);
    progress_line_put(&text, "training", "trees", state, width, utf8);
    return text.data != NULL ? text.data : "";
}

static void test_progress_has_bar_count_rate_and_time_left(void **state)
{
    const struct progress_state half = {50, 100, 50, 10};

    (void)state;
    assert_string_equal(line_of(&half, 100, false),
                        "training ###############............... 50 of 100 trees, 5 a second, "
                        "10 s left");
    assert_non_null(strstr(line_of(&half, 100, true), "training \xe2\x96\x88\xe2\x96\x88"));
}

static void test_progress_fits_every_width(void **state)
{
    static const struct progress_state states[] = {
        {0, 100, 0, 0},      {1, 100, 1, 0.001},      {50, 100, 50, 10}, {100, 100, 100, 10},
        {150, 100, 150, 10}, {1, UINT64_MAX, 1, 1e6}, {7, 0, 7, 1},      {3, 1000, 12345678, 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        for (size_t width = 0; width < 200; width++)
            for (int utf8 = 0; utf8 < 2; utf8++) {
                const char *line = line_of(&states[i], width, utf8 == 1);

                assert_true(characters(line) <= width);
                assert_true(utf8_valid(line, strlen(line)));
                assert_null(strpbrk(line, "\n\r\033"));
            }
}

static void test_progress_that_gets_narrow_keeps_what_says_most(void **state)
{
    const struct progress_state half = {50, 100, 50, 10};

    (void)state;
    assert_non_null(strstr(line_of(&half, 60, false), "5 a second"));
    assert_null(strstr(line_of(&half, 45, false), "a second"));
    assert_non_null(strstr(line_of(&half, 45, false), "10 s left"));
    assert_string_equal(line_of(&half, 38, false), "training 50 of 100 trees, 10 s left");
    assert_string_equal(line_of(&half, 24, false), "training 50 of 100 trees");
    assert_string_equal(line_of(&half, 23, false), "training");
    assert_string_equal(line_of(&half, 5, false), "train");
}

static void test_progress_of_what_has_no_known_end_has_no_bar(void **state)
{
    const struct progress_state open = {500, 0, 500, 10};

    (void)state;
    assert_string_equal(line_of(&open, 100, false), "training 500 trees, 50 a second");
}

static void test_progress_of_bytes_is_told_as_sizes(void **state)
{
    const struct progress_state half = {5000000, 20000000, 5000000, 100};

    (void)state;
    progress_line_put(&text, "importing", "bytes", &half, 100, false);
    assert_non_null(strstr(text.data, " 5.0 MB of 20.0 MB, 50.0 kB a second, 5 min 00 s left"));
}

/* ---- top ---- */

static void call_add(struct top_sums *sums, const char *key, int64_t ago_us, int64_t duration,
                     int64_t status)
{
    struct call_row call = {.started_us = sums->now_us - ago_us - duration,
                            .duration_us = duration,
                            .status = status,
                            .rows = 1,
                            .model = "iris",
                            .route = "predict"};

    strcpy(call.key, key);
    top_sums_add(sums, &call);
}

static void test_times_are_those_of_the_calls_in_their_order(void **state)
{
    struct top_sums sums = {.now_us = 1000000000, .recent_us = 998000000};

    (void)state;
    for (int i = 100; i >= 1; i--)
        call_add(&sums, i <= 10 ? "a" : "b", i * 100000, i * 1000, i == 1 ? 500 : 200);
    assert_int_equal(top_sums_end(&sums), RESULT_OK);
    assert_int_equal(sums.calls, 100);
    assert_int_equal(sums.failed, 1);
    assert_int_equal(sums.times.p50_us, 50000);
    assert_int_equal(sums.times.p90_us, 90000);
    assert_int_equal(sums.times.p99_us, 99000);
    assert_int_equal(sums.times.most_us, 100000);
    assert_int_equal(sums.by[TOP_BY_KEY].count, 2);
    assert_string_equal(sums.by[TOP_BY_KEY].items[0].name, "a");
    assert_int_equal(sums.by[TOP_BY_KEY].items[0].calls, 10);
    assert_int_equal(sums.by[TOP_BY_KEY].items[0].times.p50_us, 5000);
    assert_int_equal(sums.by[TOP_BY_KEY].items[0].times.most_us, 10000);
    assert_int_equal(sums.statuses[200], 99);
    assert_int_equal(sums.recent, 19);
    assert_int_equal(sums.seconds[0], 9);
    assert_int_equal(sums.seconds[1], 10);
    top_sums_free(&sums);
}

static void test_one_call_is_all_of_its_times(void **state)
{
    struct top_sums sums = {.now_us = 1000000000};

    (void)state;
    call_add(&sums, "", 0, 7, 200);
    assert_int_equal(top_sums_end(&sums), RESULT_OK);
    assert_int_equal(sums.times.p50_us, 7);
    assert_int_equal(sums.times.p99_us, 7);
    assert_string_equal(sums.by[TOP_BY_KEY].items[0].name, "-");
    top_sums_free(&sums);
    assert_int_equal(top_sums_end(&sums), RESULT_OK); /* nor does none do harm */
    assert_int_equal(sums.times.most_us, 0);
    top_sums_free(&sums);
}

/* A row whose numbers nobody would write, and clocks that were set back. */
static void test_calls_that_cannot_be_are_no_harm(void **state)
{
    struct top_sums sums = {.now_us = 1000000};

    (void)state;
    call_add(&sums, "a", -5000000, 1, 200);
    call_add(&sums, "a", INT64_C(1) << 50, 1, -7);
    call_add(&sums, "a", 1, 1, INT64_MAX);
    assert_int_equal(top_sums_end(&sums), RESULT_OK);
    assert_int_equal(sums.calls, 3);
    top_sums_free(&sums);
}

static void test_groups_are_sorted_the_largest_first(void **state)
{
    struct top_sums sums = {.now_us = 1000000000};
    struct top_groups *keys = &sums.by[TOP_BY_KEY];

    (void)state;
    call_add(&sums, "slow", 1, 900, 200);
    for (int i = 0; i < 3; i++)
        call_add(&sums, "busy", 1, 5, 200);
    call_add(&sums, "bad", 1, 5, 500);
    assert_int_equal(top_sums_end(&sums), RESULT_OK);
    top_groups_sort(keys, TOP_SORT_CALLS);
    assert_string_equal(keys->items[0].name, "busy");
    assert_string_equal(keys->items[1].name, "bad");
    top_groups_sort(keys, TOP_SORT_FAILED);
    assert_string_equal(keys->items[0].name, "bad");
    top_groups_sort(keys, TOP_SORT_P99);
    assert_string_equal(keys->items[0].name, "slow");
    top_groups_sort(keys, TOP_SORT_NAME);
    assert_string_equal(keys->items[0].name, "bad");
    assert_string_equal(keys->items[2].name, "slow");
    top_sums_free(&sums);
}

static void test_a_spark_has_the_newest_last_and_shows_what_is_not_zero(void **state)
{
    const int64_t counts[] = {8, 1, 0, 1000};

    (void)state;
    top_spark_put(&text, counts, 4, 10, false);
    assert_string_equal(text.data, "@ ..");
    buf_clear(&text, SIZE_MAX);
    top_spark_put(&text, counts, 4, 3, false);
    assert_string_equal(text.data, " .@");
    buf_clear(&text, SIZE_MAX);
    top_spark_put(&text, counts, 4, 2, true);
    assert_string_equal(text.data, "\xe2\x96\x81\xe2\x96\x88");
}

static void name_same(void *arg, enum top_by by, const char *id, char out[TOP_NAME_MAX + 1])
{
    (void)arg;
    (void)by;
    strcpy(out, strcmp(id, "esc") == 0 ? "\033[2J\n\xc3\xa4\xc3\xb6" : id);
}

static void test_top_fits_every_window(void **state)
{
    struct top_sums sums = {.now_us = 1795000000000000};
    const struct ledger_peek peek = {.last = 9, .waiting = 1, .journal = 64, .open = 2};
    const struct top_answers none = {.at_ns = 0};
    struct top_view view = {.home = "/var/lib/forestgate",
                            .sums = &sums,
                            .peek = &peek,
                            .has_ledger = true,
                            .window_s = 60,
                            .recent_s = 2,
                            .answers = &none,
                            .before = &none,
                            .name = name_same};

    (void)state;
    setenv("NO_COLOR", "1", 1);
    for (int i = 0; i < 40; i++)
        call_add(&sums,
                 i % 3 == 0   ? "esc"
                 : i % 3 == 1 ? "key"
                              : "longlonglong",
                 i * 1000000, i * 977, i % 7 == 0 ? 422 : 200);
    assert_int_equal(top_sums_end(&sums), RESULT_OK);
    for (view.columns = 1; view.columns < 130; view.columns += 3)
        for (view.lines = 1; view.lines < 40; view.lines += 2) {
            size_t count = 0, len;

            view.keys_work = view.columns % 2 == 1;
            view.utf8 = view.lines % 4 == 1;
            buf_clear(&text, SIZE_MAX);
            top_draw(&view, &text);
            assert_false(buf_failed(&text));
            assert_true(utf8_valid(text.data, text.len));
            assert_null(strchr(text.data, '\033'));
            for (char *at = text.data; *at != '\0'; at += len + 1, count++) {
                len = strcspn(at, "\n");
                at[len] = '\0';
                assert_true(characters(at) <= view.columns);
            }
            assert_true(count <= view.lines);
        }
    top_sums_free(&sums);
}

/* ---- the tables ---- */

static void test_completion_knows_what_each_word_of_a_table_stands_for(void **state)
{
    enum complete_kind kind;
    const char *choices;

    (void)state;
    for (size_t i = 0; i < nouns_count; i++)
        for (const struct cli_command *command = nouns[i].commands; command->noun != NULL;
             command++) {
            char words[128], *rest = words, *word;

            strcpy(words, command->operands);
            while ((word = strsep(&rest, " ")) != NULL)
                if (*word != '\0' &&
                    !complete_kind_of(command->noun, NULL, word, &kind, &choices))
                    fail_msg("%s %s: %s is not in complete.c", command->noun, command->verb,
                             word);
            for (const struct option_row *row = command->options; row->name != NULL; row++) {
                strcpy(words, row->value != NULL ? row->value : "");
                rest = words;
                while ((word = strsep(&rest, " ")) != NULL)
                    if (*word != '\0' &&
                        !complete_kind_of(command->noun, row->name, word, &kind, &choices))
                        fail_msg("%s %s %s: %s is not in complete.c", command->noun,
                                 command->verb, row->name, word);
            }
        }
}

static bool has_option(const struct cli_command *command, const char *name)
{
    for (const struct option_row *row = command->options; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return true;
    return false;
}

static void test_every_command_has_its_examples_and_the_common_options(void **state)
{
    static const char *const common[] = {"--home",  "--json",     "--quiet",
                                         "--color", "--no-color", "--help"};

    (void)state;
    for (size_t i = 0; i < nouns_count; i++)
        for (const struct cli_command *command = nouns[i].commands; command->noun != NULL;
             command++) {
            char begin[80];
            size_t count = 0;

            snprintf(begin, sizeof(begin), "forestgate %s%s%s", command->noun,
                     command->verb != NULL ? " " : "",
                     command->verb != NULL ? command->verb : "");
            assert_non_null(strstr(command->examples, begin));
            assert_int_equal(command->examples[0], ' ');
            assert_int_equal(command->examples[strlen(command->examples) - 1], '\n');
            assert_true(command->summary[0] >= 'a' && command->summary[0] <= 'z');
            for (size_t k = 0; k < sizeof(common) / sizeof(common[0]); k++)
                assert_true(has_option(command, common[k]));
            while (command->options[count].name != NULL)
                count++;
            assert_true(count <= OPTION_ROWS_MAX);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_progress_has_bar_count_rate_and_time_left, teardown),
        cmocka_unit_test_teardown(test_progress_fits_every_width, teardown),
        cmocka_unit_test_teardown(test_progress_that_gets_narrow_keeps_what_says_most,
                                  teardown),
        cmocka_unit_test_teardown(test_progress_of_what_has_no_known_end_has_no_bar, teardown),
        cmocka_unit_test_teardown(test_progress_of_bytes_is_told_as_sizes, teardown),
        cmocka_unit_test(test_times_are_those_of_the_calls_in_their_order),
        cmocka_unit_test(test_one_call_is_all_of_its_times),
        cmocka_unit_test(test_calls_that_cannot_be_are_no_harm),
        cmocka_unit_test(test_groups_are_sorted_the_largest_first),
        cmocka_unit_test_teardown(test_a_spark_has_the_newest_last_and_shows_what_is_not_zero,
                                  teardown),
        cmocka_unit_test_teardown(test_top_fits_every_window, teardown),
        cmocka_unit_test(test_completion_knows_what_each_word_of_a_table_stands_for),
        cmocka_unit_test(test_every_command_has_its_examples_and_the_common_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
