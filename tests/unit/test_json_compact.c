/*
 * test_json_compact.c: JSON objects without their blanks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json_compact.h"

static void what_is_no_object_is_refused_and_appends_nothing(void **state)
{
    static const struct {
        const char *text;
        enum result result;
    } bad[] = {
        {"", RESULT_MALFORMED},
        {"{", RESULT_MALFORMED},
        {"{}}", RESULT_MALFORMED},
        {"{} x", RESULT_MALFORMED},
        {"{'a':1}", RESULT_MALFORMED},
        {"{\"a\":1,}", RESULT_MALFORMED},
        {"{\"a\":01}", RESULT_MALFORMED},
        {"{\"a\":NaN}", RESULT_MALFORMED},
        {"{\"a\":1,\"a\":2}", RESULT_MALFORMED},
        {"{\"a\":\"\xff\"}", RESULT_MALFORMED},
        {"{\"a\":\"\n\"}", RESULT_MALFORMED},
        {"/**/{}", RESULT_MALFORMED},
        {"\xef\xbb\xbf{}", RESULT_MALFORMED},
        {"[]", RESULT_INVALID},
        {"1", RESULT_INVALID},
        {"\"{}\"", RESULT_INVALID},
        {"null", RESULT_INVALID},
        {"[{}]", RESULT_INVALID},
    };
    struct reason why;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buf out = {0};
        enum result result = json_compact_object(bad[i].text, strlen(bad[i].text), &out, &why);

        if (result != bad[i].result)
            fail_msg("\"%s\": %s", bad[i].text, result_text(result));
        assert_int_equal(out.len, 0);
        buf_free(&out);
    }
}

static void blanks_between_tokens_go_and_all_else_stays(void **state)
{
    static const struct {
        const char *text, *compact;
    } good[] = {
        {"{}", "{}"},
        {" \t\r\n{ \n} \n", "{}"},
        {"{ \"a b\" : \" c \\\" d \\\\\" , \"e\" : [ 1 , 2 ] }",
         "{\"a b\":\" c \\\" d \\\\\",\"e\":[1,2]}"},
        {"{\"big\": 12345678901234567890, \"exact\": 0.10000000000000000001}",
         "{\"big\":12345678901234567890,\"exact\":0.10000000000000000001}"},
        {"{\"\\u0022 \": \"\xc3\xbc \\u00fc\"}", "{\"\\u0022 \":\"\xc3\xbc \\u00fc\"}"},
        {"{\"a\": {\"b\": {\"c\": null}}, \"t\": true}",
         "{\"a\":{\"b\":{\"c\":null}},\"t\":true}"},
    };
    struct reason why;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct buf out = {0};

        if (json_compact_object(good[i].text, strlen(good[i].text), &out, &why) != RESULT_OK)
            fail_msg("%s: %s", good[i].text, why.text);
        assert_string_equal(out.data, good[i].compact);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_object_is_refused_and_appends_nothing),
        cmocka_unit_test(blanks_between_tokens_go_and_all_else_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
