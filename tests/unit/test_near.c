/*
 * test_near.c: which word may have been meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/near.h"

static const char *nearest(const char *typed, const char *const *words)
{
    static struct near near;

    near_begin(&near, typed);
    for (; *words != NULL; words++)
        near_try(&near, *words);
    return near_word(&near);
}

static void test_steps_are_counted_and_an_exchange_is_one(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"abc", "abc", 0},
        {"abc", "ABC", 0},
        {"abc", "abd", 1},
        {"abc", "ab", 1},
        {"abc", "xabc", 1},
        {"abc", "acb", 1},
        {"abc", "bac", 1},
        {"abcd", "badc", 2},
        {"ca", "abc", 3},
        {"kitten", "sitting", 3},
        {"publish", "plubish", 2},
        {"a", "b", 1},
        {"ab", "ba", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(near_distance(rows[i].a, rows[i].b, 9), rows[i].distance);
        assert_int_equal(near_distance(rows[i].b, rows[i].a, 9), rows[i].distance);
    }
}

/* By the definition: the table of all beginnings, written down in full. */
static size_t by_definition(const char *a, const char *b)
{
    size_t table[16][16], m = strlen(a), n = strlen(b);

    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            size_t best = i == 0 ? j : j == 0 ? i : 99;

            if (i > 0 && table[i - 1][j] + 1 < best)
                best = table[i - 1][j] + 1;
            if (j > 0 && table[i][j - 1] + 1 < best)
                best = table[i][j - 1] + 1;
            if (i > 0 && j > 0 && table[i - 1][j - 1] + (a[i - 1] != b[j - 1]) < best)
                best = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                table[i - 2][j - 2] + 1 < best)
                best = table[i - 2][j - 2] + 1;
            table[i][j] = best;
        }
    return table[m][n];
}

static void test_any_words_are_as_far_apart_as_the_definition_says(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 5000; round++) {
        char words[2][12];

        for (int w = 0; w < 2; w++) {
            size_t len;

            seed = seed * 6364136223846793005u + 1442695040888963407u;
            len = (seed >> 33) % 9;
            for (size_t i = 0; i < len; i++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                words[w][i] = (char)('a' + (seed >> 33) % 3);
            }
            words[w][len] = '\0';
        }
        assert_int_equal(near_distance(words[0], words[1], 20),
                         by_definition(words[0], words[1]));
    }
}

static void test_more_than_the_bound_is_one_more_than_it(void **state)
{
    char longer[NEAR_WORD_MAX + 2], longest[NEAR_WORD_MAX + 1];

    (void)state;
    assert_int_equal(near_distance("abcdef", "uvwxyz", 2), 3);
    assert_int_equal(near_distance("a", "abcdefgh", 2), 3);
    assert_int_equal(near_distance("abc", "abd", 0), 1);
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(near_distance(longer, longer, 5), 6);
    assert_int_equal(near_distance(longest, longest, 5), 0);
    assert_int_equal(near_distance(longest, longer, 5), 6);
}

static const char *const nouns[] = {"init",       "key",   "tier",    "user", "invitation",
                                    "model",      "call",  "job",     "work", "audit",
                                    "completion", "front", "predict", NULL};

static void test_what_is_near_is_told(void **state)
{
    (void)state;
    assert_string_equal(nearest("modle", nouns), "model");
    assert_string_equal(nearest("models", nouns), "model");
    assert_string_equal(nearest("Model", nouns), "model");
    assert_string_equal(nearest("kye", nouns), "key");
    assert_string_equal(nearest("invit", nouns), "invitation");
    assert_string_equal(nearest("predcit", nouns), "predict");
    assert_string_equal(nearest("compeltion", nouns), "completion");
    assert_string_equal(nearest("ky", nouns), "key");
}

static void test_what_is_not_near_is_not(void **state)
{
    static const char *const far[] = {"",     "a",    "frob",   "xyzzy",      "list", "-",
                                      "----", "\xff", "ke\n\n", "frobnicate", NULL};
    char longer[1000];

    (void)state;
    for (size_t i = 0; far[i] != NULL; i++)
        assert_null(nearest(far[i], nouns));
    memset(longer, 'm', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_null(nearest(longer, nouns));
    assert_null(nearest("model", (const char *const[]){longer, NULL}));
    assert_null(nearest("model", (const char *const[]){NULL}));
}

static void test_of_several_the_nearest_and_then_the_first_is_meant(void **state)
{
    static const char *const words[] = {"train", "trail", "trains", NULL};

    (void)state;
    assert_string_equal(nearest("trains", words), "trains");
    assert_string_equal(nearest("traix", words), "train");
    assert_string_equal(nearest("trail", words), "trail");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_are_counted_and_an_exchange_is_one),
        cmocka_unit_test(test_any_words_are_as_far_apart_as_the_definition_says),
        cmocka_unit_test(test_more_than_the_bound_is_one_more_than_it),
        cmocka_unit_test(test_what_is_near_is_told),
        cmocka_unit_test(test_what_is_not_near_is_not),
        cmocka_unit_test(test_of_several_the_nearest_and_then_the_first_is_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
