/*
 * test_grams.c: the words of a text, whatever its script, and what is hashed of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "forest/fold.h"
#include "forest/grams.h"

struct seen {
    char names[4096];
    unsigned kinds; /* a bit for each kind that is wanted */
    size_t n;
    uint64_t last;
};

static void note(void *arg, const struct gram *gram)
{
    struct seen *seen = arg;
    char name[GRAM_NAME_MAX];

    seen->n++;
    seen->last = gram->hash;
    if ((seen->kinds >> gram->kind & 1) == 0)
        return;
    gram_name(gram, name);
    snprintf(seen->names + strlen(seen->names), sizeof(seen->names) - strlen(seen->names),
             "%s%s", seen->names[0] != '\0' ? "|" : "", name);
}

static void check_kinds(const char *text, unsigned kinds, const char *expected)
{
    struct seen seen = {.kinds = kinds};
    struct gram_counts counts;

    grams_each(text, strlen(text), 1, note, &seen, &counts);
    assert_string_equal(seen.names, expected);
}

/* Words and signs alone. */
static void check(const char *text, const char *expected)
{
    check_kinds(text, 1 << GRAM_WORD | 1 << GRAM_SIGN, expected);
}

static void words_are_letters_and_digits_in_lower_case(void **state)
{
    (void)state;
    check("", "");
    check("  ,.;  --- ()", "");
    check("Hello, World 42!", "hello|world|42|!");
    check("ÄRGER Straße ΟΔΟΣ Привет İstanbul", "ärger|straße|οδοσ|привет|istanbul");
    check("a\tb\nc\xc2\xa0"
          "d",
          "a|b|c|d");
    check("well-made", "well|made");
    check("co\xc2\xadoperate zero\xe2\x80\x8dwidth", "cooperate|zerowidth");
    check("e\xcc\x81t\xc3\xa9", "e\xcc\x81té");
}

static void an_apostrophe_belongs_to_a_word_between_letters_alone(void **state)
{
    (void)state;
    check("it's 'quoted' rock 'n' roll' I\xe2\x80\x99m", "it's|quoted|rock|n|roll|i'm");
    check("'''", "");
}

static void scripts_without_spaces_have_a_word_in_each_character(void **state)
{
    (void)state;
    check("很好ok", "很|好|ok");
    check_kinds("很好", 1 << GRAM_PAIR, "很 好");
}

static void signs_are_exclamations_questions_smileys_and_symbols(void **state)
{
    (void)state;
    check("wow!!! really? what??", "wow|!!|really|?|what|??");
    check("good :-) bad :( fine ;)", "good|:)|bad|:(|fine|:)");
    check("see http://x.de and :Dora", "see|http|x|de|and|dora");
    check("nice \xf0\x9f\x98\x80 5 \xe2\x82\xac", "nice|\xf0\x9f\x98\x80|5|\xe2\x82\xac");
}

static void two_words_behind_a_negation_are_marked(void **state)
{
    (void)state;
    check("not good at all", "not|!good|!at|all");
    check("I don't like this place", "i|don't|!like|!this|place");
    check("not good, great", "not|!good|great");
    check("not bad but good", "not|!bad|but|good");
    check("never not good", "never|not|!good");
    check("nothing. good", "nothing|good");
}

static void a_word_gives_its_beginnings_its_ends_and_its_pair(void **state)
{
    (void)state;
    check_kinds("abc", 1 << GRAM_PREFIX | 1 << GRAM_SUFFIX, "");
    check_kinds("abcd", 1 << GRAM_PREFIX | 1 << GRAM_SUFFIX, "abc-|-bcd");
    check_kinds("disappoint", 1 << GRAM_PREFIX | 1 << GRAM_SUFFIX,
                "dis-|disa-|disap-|disapp-|disappo-|-int|-oint");
    check_kinds("größer", 1 << GRAM_PREFIX | 1 << GRAM_SUFFIX, "grö-|größ-|größe-|-ßer|-ößer");
    check_kinds("one two. three four", 1 << GRAM_PAIR, "one two|three four");
    check_kinds("not very good", 1 << GRAM_PAIR, "not !very|very !good");
}

static void a_long_word_counts_by_its_first_64_characters(void **state)
{
    char text[200] = "";
    struct seen a = {0}, b = {0};
    struct gram_counts counts;

    (void)state;
    memset(text, 'x', 150);
    grams_each(text, 64, 1, note, &a, &counts);
    grams_each(text, 150, 1, note, &b, &counts);
    assert_int_equal(a.n, b.n);
    assert_int_equal(a.last, b.last);
}

/* Images rely on these numbers: a change here needs another TEXT_GRAMS. */
static void the_hashes_are_the_ones_that_images_have(void **state)
{
    static const struct {
        const char *text;
        uint64_t seed, hash;
    } known[] = {
        {"a", 0, UINT64_C(0xea05bfcf96572082)},
        {"a", 42, UINT64_C(0x93f3434d3aa4b028)},
        {"not ab", 42, UINT64_C(0x764373b4f813b7b4)},
        {"größe", 42, UINT64_C(0xc9405a0df81c58d6)},
        {":-)", 42, UINT64_C(0xd99749a1b3aee1b7)},
    };
    struct gram_counts counts;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct seen seen = {0};

        grams_each(known[i].text, strlen(known[i].text), known[i].seed, note, &seen, &counts);
        if (seen.last != known[i].hash)
            fail_msg("\"%s\" with seed %llu: 0x%016llx", known[i].text,
                     (unsigned long long)known[i].seed, (unsigned long long)seen.last);
    }
}

static void kinds_of_grams_and_marks_have_hashes_of_their_own(void **state)
{
    static const char *const texts[] = {"good", "not good", "goo", "good good"};
    uint64_t hashes[4];
    struct gram_counts counts;
    size_t i, k;

    (void)state;
    for (i = 0; i < 4; i++) {
        struct seen seen = {0};

        grams_each(texts[i], strlen(texts[i]), 7, note, &seen, &counts);
        hashes[i] = seen.last;
        for (k = 0; k < i; k++)
            assert_int_not_equal(hashes[k], hashes[i]);
    }
}

static void no_text_has_more_grams_than_twice_its_characters(void **state)
{
    static const char *const units[] = {
        "a ", "很", "!?", "ab ", "abcd ", "abcdefgh ", "not ", ":)", "\xf0\x9f\x98\x80"};
    char text[20000];
    struct gram_counts counts;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct seen seen = {0};
        size_t len = strlen(units[i]), n = 0;

        while (n + len <= sizeof(text)) {
            memcpy(text + n, units[i], len);
            n += len;
        }
        grams_each(text, n, 7, note, &seen, &counts);
        assert_true(seen.n > 0);
        assert_true(seen.n <= (size_t)counts.chars * GRAM_PER_CHAR);
    }
}

static void counts_are_of_characters(void **state)
{
    struct seen seen = {0};
    struct gram_counts counts;
    const char *text = "GROSS und ÄRGER!";

    (void)state;
    grams_each(text, strlen(text), 7, note, &seen, &counts);
    assert_int_equal(counts.chars, 16);
    assert_int_equal(counts.letters, 13);
    assert_int_equal(counts.capitals, 10);
    assert_int_equal(counts.words, 4);
}

static void folding_ends_after_one_step_and_keeps_the_kind(void **state)
{
    uint32_t code;

    (void)state;
    for (code = 0; code < 0x110000; code++) {
        uint32_t lower = fold_lower(code);

        if (fold_lower(lower) != lower)
            fail_msg("U+%04X goes to U+%04X, which goes on", code, lower);
        if (lower != code && fold_kind(code) == FOLD_OTHER)
            fail_msg("U+%04X has a lower case and is no letter", code);
    }
    assert_int_equal(fold_lower(0x130), 'i');
    assert_int_equal(fold_lower(0x3a3), 0x3c3);
    assert_int_equal(fold_lower(0x3c2), 0x3c3);
    assert_int_equal(fold_lower(0x401), 0x451);
    assert_int_equal(fold_kind(0x5d0), FOLD_LETTER);
    assert_int_equal(fold_kind(0x661), FOLD_DIGIT);
    assert_int_equal(fold_kind(0x3000), FOLD_SPACE);
    assert_int_equal(fold_kind(0x2014), FOLD_OTHER);
    assert_int_equal(fold_kind(0x110000), FOLD_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_letters_and_digits_in_lower_case),
        cmocka_unit_test(an_apostrophe_belongs_to_a_word_between_letters_alone),
        cmocka_unit_test(scripts_without_spaces_have_a_word_in_each_character),
        cmocka_unit_test(signs_are_exclamations_questions_smileys_and_symbols),
        cmocka_unit_test(two_words_behind_a_negation_are_marked),
        cmocka_unit_test(a_word_gives_its_beginnings_its_ends_and_its_pair),
        cmocka_unit_test(a_long_word_counts_by_its_first_64_characters),
        cmocka_unit_test(the_hashes_are_the_ones_that_images_have),
        cmocka_unit_test(kinds_of_grams_and_marks_have_hashes_of_their_own),
        cmocka_unit_test(no_text_has_more_grams_than_twice_its_characters),
        cmocka_unit_test(counts_are_of_characters),
        cmocka_unit_test(folding_ends_after_one_step_and_keeps_the_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
