/*
 * test_reply.c: what is sent for each kind of answer.
 */
#include "front_help.h"

#include "base/log.h"

static struct reply reply;

static void assert_not_sent(const char *part)
{
    assert_non_null(front_sent(&reply));
    assert_null(strstr(front.sent.data, part));
}

static void what_is_made_is_a_201_with_its_place(void **state)
{
    (void)state;
    reply_start(&reply);
    reply.status = REPLY_CREATED;
    buf_puts(&reply.body, "{\"id\":1}");
    reply_header(&reply, "Location", "/things/1");
    assert_sent(&reply, "Status: 201 Created\r\nContent-Type: application/json\r\n"
                        "Content-Length: 8\r\n");
    assert_sent(&reply, "\r\nLocation: /things/1\r\n");
    assert_sent(&reply, "\r\n\r\n{\"id\":1}");
}

static void a_204_has_no_body_no_type_and_no_length(void **state)
{
    (void)state;
    reply_start(&reply);
    reply.status = REPLY_NO_CONTENT;
    buf_puts(&reply.body, "{}");
    assert_sent(&reply, "Status: 204 No Content\r\nX-Request-ID: id\r\n");
    assert_not_sent("Content-");
    assert_int_equal(strcmp(front.sent.data + front.sent.len - 4, "\r\n\r\n"), 0);
}

static void only_what_went_well_is_good(void **state)
{
    (void)state;
    for (int i = 0; i < REPLY_STATUS__MAX; i++)
        assert_int_equal(reply_is_good((enum reply_status)i),
                         reply_code((enum reply_status)i) < 400);
}

static void a_conflict_is_a_409_that_tells_no_reason_of_ours(void **state)
{
    struct reason why = {"UNIQUE constraint failed: users.email"};

    (void)state;
    reply_start(&reply);
    reply_refuse_result(&reply, RESULT_EXISTS, &why);
    assert_sent(&reply, "Status: 409 Conflict\r\n");
    assert_sent(&reply, "\"error\":\"conflict\"");
    reply_refuse_result(&reply, RESULT_EXISTS, &why);
    assert_not_sent("UNIQUE");
}

static void faults_are_one_422_with_the_first_as_its_detail(void **state)
{
    (void)state;
    reply_start(&reply);
    buf_puts(&reply.body, "{\"half\":");
    reply_fault(&reply, "a\"b", "it is \x01 no good", "another");
    reply_fault(&reply, "c", "nor this", "");
    assert_sent(&reply, "Status: 422 ");
    assert_sent(&reply, "{\"type\":\"about:blank\"");
    reply_start(&reply);
    reply_fault(&reply, "a\"b", "it is \x01 no good", "another");
    reply_fault(&reply, "c", "nor this", "");
    assert_sent(&reply,
                "\"errors\":[{\"field\":\"a\\\"b\",\"problem\":\"it is \\u0001 no good\","
                "\"allowed\":\"another\"},{\"field\":\"c\",\"problem\":\"nor this\","
                "\"allowed\":\"\"}]");
    assert_non_null(strstr(front.sent.data, "\"detail\":\"a\\\"b: it is \\u0001 no good.\""));
}

static void a_later_refusal_drops_the_faults(void **state)
{
    (void)state;
    reply_start(&reply);
    reply_fault(&reply, "a", "no good", "another");
    reply_refuse(&reply, REPLY_NOT_FOUND, "no");
    assert_not_sent("errors");
}

static void an_error_may_have_a_standards_own_word(void **state)
{
    (void)state;
    reply_start(&reply);
    reply_refuse(&reply, REPLY_MALFORMED, "Wrong password.");
    reply_error_word(&reply, "invalid_grant");
    assert_sent(&reply, "Status: 400 ");
    assert_non_null(strstr(front.sent.data, "\"error\":\"invalid_grant\","
                                            "\"error_description\":\"Wrong password.\""));
    reply_refuse(&reply, REPLY_MALFORMED, "Another.");
    assert_sent(&reply, "\"error\":\"bad_request\"");
    assert_null(strstr(front.sent.data, "error_description"));
    reply_error_word(&reply, "invalid_grant");
    reply_start(&reply);
    reply_refuse(&reply, REPLY_MALFORMED, "Of the next request.");
    assert_sent(&reply, "\"error\":\"bad_request\"");
}

static int end(void **state)
{
    (void)state;
    reply_free(&reply);
    buf_free(&front.sent);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_made_is_a_201_with_its_place),
        cmocka_unit_test(a_204_has_no_body_no_type_and_no_length),
        cmocka_unit_test(only_what_went_well_is_good),
        cmocka_unit_test(a_conflict_is_a_409_that_tells_no_reason_of_ours),
        cmocka_unit_test(faults_are_one_422_with_the_first_as_its_detail),
        cmocka_unit_test(a_later_refusal_drops_the_faults),
        cmocka_unit_test(an_error_may_have_a_standards_own_word),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
