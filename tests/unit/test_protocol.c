/*
 * test_protocol.c: the tables of other servers' protocols are whole, and the words that they
 * know.
 */
#include "forest_help.h"

#include "http/protocol.h"
#include "http/route.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct protocol *const protocols[] = {
    &protocol_v1,      &protocol_v1_explain,  &protocol_classify,
    &protocol_regress, &protocol_invocations, &protocol_hf,
};

static size_t members_of(const struct protocol *protocol)
{
    size_t n = 0;

    while (n < PROTOCOL_MEMBERS && protocol->members[n].name != NULL)
        n++;
    return n;
}

static void each_table_begins_with_rows_and_has_no_name_twice(void **state)
{
    (void)state;
    for (size_t p = 0; p < COUNT(protocols); p++) {
        const struct protocol *protocol = protocols[p];
        const size_t n = members_of(protocol);

        assert_true(n > 0 && protocol->members[0].part < PROTOCOL_SIGNATURE);
        for (size_t i = 0; i < n; i++) {
            if (protocol->members[i].part >= PROTOCOL_SIGNATURE)
                assert_null(protocol->members[i].answered);
            for (size_t k = 0; k < i; k++)
                assert_string_not_equal(protocol->members[i].name, protocol->members[k].name);
        }
        for (size_t k = 0; k < p; k++)
            assert_string_not_equal(protocol->name, protocols[k]->name);
    }
}

static void a_route_has_a_protocol_where_its_body_needs_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count(); i++) {
        const struct route *route = route_at(i);
        bool needs = route->body == ROUTE_BODY_PROTOCOL || route->body == ROUTE_BODY_FRAME;

        assert_true(needs == (route->protocol != NULL));
        assert_true((route->body == ROUTE_BODY_FRAME) <= (route->bulk != NULL));
        if (needs) /* it is one of the same prediction path */
            assert_true(route->metered && route->replays && route->scope == KEY_SCOPE_PREDICT &&
                        route->credential == ROUTE_CALLER &&
                        route_dialect(route->path) != REPLY_NATIVE);
    }
}

static void words_are_known_letter_by_letter(void **state)
{
    enum answer_item item = ANSWER_ITEM__MAX;

    (void)state;
    assert_false(protocol_output("", 0, &item));
    assert_false(protocol_output("labels", 6, &item));
    assert_false(protocol_output("Label", 5, &item));
    assert_false(protocol_signature("predict_log_proba", 17, &item));
    assert_int_equal(item, ANSWER_ITEM__MAX);
    for (size_t i = 0; protocol_outputs[i] != NULL; i++)
        assert_true(protocol_output(protocol_outputs[i], strlen(protocol_outputs[i]), &item));
    assert_int_equal(item, ANSWER_LEAVES);
    assert_true(protocol_output("label, margin", 5, &item));
    assert_int_equal(item, ANSWER_LABEL);
    assert_true(protocol_signature("serving_default", 15, &item));
    assert_int_equal(item, ANSWER_PREDICTION);
    assert_true(protocol_signature("predict_proba", 13, &item));
    assert_int_equal(item, ANSWER_PROBABILITIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_table_begins_with_rows_and_has_no_name_twice),
        cmocka_unit_test(a_route_has_a_protocol_where_its_body_needs_one),
        cmocka_unit_test(words_are_known_letter_by_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
