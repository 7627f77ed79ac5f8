/*
 * test_template.c: what a template may ask for, and what it makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/front_errors.h"
#include "cmd/template.h"

static const struct template_pair two[] = {{"a", "1", "x"}, {"b", "2", NULL}};

static void facts_make(struct template_facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    template_value(facts, "NAME", "value");
    template_value(facts, "AT", "@NAME@");
    template_number(facts, "NUMBER", -9000000000);
    template_flag(facts, "yes", true);
    template_flag(facts, "no", false);
    template_list(facts, "TWO", two, 2);
    template_list(facts, "NONE", NULL, 0);
}

static void faults_are_told_with_their_line(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"a\n@OTHER@\n", "line 2 of the template: there is no value \"OTHER\""},
        {"@ITEM@", "line 1 of the template: there is no value \"ITEM\""},
        {"#each TWO\n@VALUE@\n@MORE@\n#done\n", "line 3 of the template: there is no value"},
        {"#each THREE\n#done\n", "line 1 of the template: there is no list \"THREE\""},
        {"#each NONE\n@OTHER@\n#done\n", "line 2 of the template: there is no value"},
        {"#if yes\n", "line 1 of the template: not ended is \"#if\""},
        {"#each TWO\n\n", "line 2 of the template: not ended is \"#each\""},
        {"#each TWO\n#if yes\n#done\n#fi\n", "line 3 of the template: not ended is \"#if\""},
        {"#if yes\n#each TWO\n#fi\n#done\n", "line 3 of the template: no #if before \"#fi\""},
        {"#fi\n", "line 1 of the template: no #if before \"#fi\""},
        {"#else\n", "no #if before \"#else\""},
        {"#if no\n#else\n#else\n#fi\n", "line 3 of the template: no #if before \"#else\""},
        {"#if yes\n#each TWO\n#else\n#done\n#fi\n", "line 3 of the template: no #if before"},
        {"#done\n", "line 1 of the template: no #each before \"#done\""},
        {"#if a\n#if a\n#if a\n#if a\n#if a\n#if a\n#if a\n#if a\n#if a\n",
         "line 9 of the template: too deep is \"a\""},
    };
    struct template_facts facts;

    (void)state;
    facts_make(&facts);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buf out = {0};
        struct reason why = {{0}};

        if (template_render(bad[i].text, &facts, &out, &why) != RESULT_INVALID ||
            strstr(why.text, bad[i].why) == NULL)
            fail_msg("\"%s\" is \"%s\", not \"%s\"", bad[i].text, why.text, bad[i].why);
        buf_free(&out);
    }
}

static void more_facts_than_fit_are_refused_and_not_left_out(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct template_facts facts = {0};
        struct buf out = {0};
        struct reason why;

        for (int i = 0; i <= TEMPLATE_VALUES_MAX; i++) {
            if (kind == 0)
                template_value(&facts, "A", "a");
            else if (kind == 1)
                template_number(&facts, "A", 1);
            else if (kind == 2)
                template_flag(&facts, "a", true);
            else
                template_list(&facts, "A", two, 2);
        }
        assert_int_equal(template_render("", &facts, &out, &why), RESULT_TOO_BIG);
        buf_free(&out);
    }
}

static void a_buffer_that_is_full_is_told(void **state)
{
    struct template_facts facts;
    struct buf out = {.limit = 4};
    struct reason why;

    (void)state;
    facts_make(&facts);
    assert_int_equal(template_render("@NAME@", &facts, &out, &why), RESULT_NOMEM);
    buf_free(&out);
}

static void values_conditions_and_lists_are_put_in(void **state)
{
    static const struct {
        const char *text, *want;
    } good[] = {
        {"", ""},
        {"plain", "plain"},
        {"plain\n\n", "plain\n\n"},
        {"<@NAME@>@NAME@@NAME@", "<value>valuevalue"},
        {"@NUMBER@", "-9000000000"},
        /* What comes in is not looked at again. */
        {"@AT@", "@NAME@"},
        /* An at-sign is one where no name is between two. */
        {"a@b @ @@ @NAME a@b.c @name@", "a@b @ @@ @NAME a@b.c @name@"},
        {"#if yes\na\n#fi\nb\n", "a\nb\n"},
        {"#if no\na\n#fi\nb\n", "b\n"},
        {"#if unknown\na\n#else\nb\n#fi\n", "b\n"},
        {"#if !no\na\n#else\nb\n#fi\n", "a\n"},
        {"#if yes\n#if no\na\n#else\nb\n#fi\n#else\nc\n#fi\n", "b\n"},
        {"#if no\n#if no\na\n#else\nb\n#fi\n#else\nc\n#fi\n", "c\n"},
        /* What is not there is not asked for. */
        {"#if no\n@OTHER@\n#fi\n", ""},
        {"#each TWO\n@ITEM@=@VALUE@ @NAME@\n#done\nend\n", "a=1 value\nb=2 value\nend\n"},
        {"#each NONE\n@ITEM@\n#done\n", ""},
        {"#if no\n#each TWO\n@ITEM@\n#done\n#fi\n", ""},
        {"#each TWO\n#if yes\n@ITEM@\n#else\n#fi\n#done\n", "a\nb\n"},
        {"#each TWO\n@ITEM@\n#each TWO\n @VALUE@\n#done\n#done\n", "a\n 1\n 2\nb\n 1\n 2\n"},
        /* Blanks before a word do not matter; with more behind it is a comment. */
        {"\t #if no\na\n  #fi\n", ""},
        {"#done with\n#finish\n#elsewhere\n#iffy\n#if\n#each\n# if no\n",
         "#done with\n#finish\n#elsewhere\n#iffy\n#if\n#each\n# if no\n"},
        {"#if yes\na\n#fi", "a\n"},
    };
    struct template_facts facts;

    (void)state;
    facts_make(&facts);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct buf out = {0};
        struct reason why = {{0}};

        if (template_render(good[i].text, &facts, &out, &why) != RESULT_OK)
            fail_msg("\"%s\": %s", good[i].text, why.text);
        assert_string_equal(out.data != NULL ? out.data : "", good[i].want);
        buf_free(&out);
    }
}

static void a_table_of_refusals_with_a_bad_row_is_refused(void **state)
{
    static const char *const bad[] = {
        "400\tbad_request\tBad Request\n",       "400\tbad_request\t\tdetail\n",
        "40\tbad_request\tBad Request\tx\n",     "400 bad_request Bad Request x\n",
        "400\tbad\tBad \"Request\"\tdetail\n",   "400\tbad\tBad\tdetail \\n\n",
        "400\tbad\tBad\tdetail\x7f\n",           "400\tbad\tBad\ta $variable\n",
        "400\tbad_request\tBad Request\tx\ty\n",
    };
    struct front_error errors[FRONT_ERRORS_MAX];
    struct reason why;
    size_t count;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (front_errors_read(bad[i], errors, &count, &why) != RESULT_MALFORMED)
            fail_msg("was taken: %s", bad[i]);
}

static void a_refusal_is_a_problem_document(void **state)
{
    struct front_error errors[FRONT_ERRORS_MAX];
    struct reason why;
    size_t count;

    (void)state;
    assert_int_equal(front_errors_read("# of\n\n404\tnot_found\tNot Found\tIt is gone.\n",
                                       errors, &count, &why),
                     RESULT_OK);
    assert_int_equal(count, 1);
    assert_string_equal(errors[0].status, "404");
    assert_string_equal(errors[0].body,
                        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        "\"error\":\"not_found\",\"detail\":\"It is gone.\","
                        "\"request_id\":null,\"timestamp\":null}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_told_with_their_line),
        cmocka_unit_test(more_facts_than_fit_are_refused_and_not_left_out),
        cmocka_unit_test(a_buffer_that_is_full_is_told),
        cmocka_unit_test(values_conditions_and_lists_are_put_in),
        cmocka_unit_test(a_table_of_refusals_with_a_bad_row_is_refused),
        cmocka_unit_test(a_refusal_is_a_problem_document),
    };

    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
