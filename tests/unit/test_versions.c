/*
 * test_versions.c: what becomes of a model's versions, and which of them answers.
 */
#include "registry_help.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "gate/registry_line.h"

static void none_told(void *arg, int64_t version)
{
    (void)arg;
    (void)version;
}

static void promote(int64_t version, enum model_state to, int64_t share, enum registry_by by)
{
    const struct registry_place place = {to, share, by};
    struct registry_done done;

    if (registry_promote(&home, "iris", version, &place, &done, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

/* ---- shares ---- */

static void shares_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "%",
        "0%",
        "0.0%",
        "0.00%",
        "100.01%",
        "101%",
        "10",
        "10.5",
        "-1%",
        "+1%",
        "1.%",
        ".5%",
        "1.234%",
        "1.2.3%",
        "1%%",
        "1%2%",
        " 1%",
        "1 %",
        "1e1%",
        "0x1%",
        "1.-1%",
        "18446744073709551617%",
        "nan%",
        "1.2%3",
    };
    int64_t share = -1;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (registry_share_parse(bad[i], &share))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_int_equal(share, -1);
}

static void a_share_is_printed_as_it_was_written(void **state)
{
    char text[16], out[REGISTRY_SHARE_TEXT];
    int64_t share;

    (void)state;
    for (int i = 1; i <= MODEL_SHARE_ALL; i++) {
        snprintf(text, sizeof(text), "%d.%02d%%", i / 100, i % 100);
        assert_true(registry_share_parse(text, &share));
        assert_int_equal(share, i);
        registry_share_print(out, share);
        assert_true(registry_share_parse(out, &share));
        assert_int_equal(share, i);
    }
    registry_share_print(out, 1000);
    assert_string_equal(out, "10%");
    registry_share_print(out, 1250);
    assert_string_equal(out, "12.5%");
    registry_share_print(out, 5);
    assert_string_equal(out, "0.05%");
}

/* ---- the choice ---- */

/* How many of so many requests the canary has, at a share. */
static int drawn(struct model *serving, struct model *canary, int64_t share, int requests)
{
    int count = 0;
    char id[32];

    canary->row.share = share;
    for (int i = 0; i < requests; i++) {
        snprintf(id, sizeof(id), "%d", i);
        count += registry_choose(serving, canary->row.by_key ? id : "key",
                                 canary->row.by_key ? "request" : id) == canary;
    }
    return count;
}

static void without_a_canary_the_serving_version_answers(void **state)
{
    const struct model serving = {.row = {.name = "iris", .version = 1}};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_ptr_equal(registry_choose(&serving, "key", "request"), &serving);
}

static void a_share_holds_within_five_deviations(void **state)
{
    static const int64_t shares[] = {1, 10, 100, 1000, 5000, 9000, 9999};
    const int requests = 100000;

    (void)state;
    for (int by_key = 0; by_key <= 1; by_key++)
        for (int64_t version = 2; version < 6; version++)
            for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
                struct model canary = {
                    .row = {.name = "iris", .version = version, .by_key = by_key == 1}};
                struct model serving = {.row = {.name = "iris", .version = 1},
                                        .canary = &canary};
                double p = (double)shares[i] / MODEL_SHARE_ALL;
                double off = drawn(&serving, &canary, shares[i], requests) - requests * p;

                if (off * off > 25 * requests * p * (1 - p))
                    fail_msg("at a share of %d: off by %g", (int)shares[i], off);
            }
}

static void who_is_within_a_share_stays_within_a_larger_one(void **state)
{
    struct model canary = {.row = {.name = "iris", .version = 2}};
    const struct model serving = {.row = {.name = "iris", .version = 1}, .canary = &canary};
    char id[32];

    (void)state;
    for (int i = 0; i < 2000; i++) {
        bool was = false;

        snprintf(id, sizeof(id), "%d", i);
        for (canary.row.share = 1; canary.row.share < MODEL_SHARE_ALL; canary.row.share += 97) {
            bool is = registry_choose(&serving, "key", id) == &canary;

            assert_true(is || !was);
            was = is;
        }
    }
}

static void another_canary_is_tried_on_others(void **state)
{
    struct model canary = {.row = {.name = "iris", .version = 2, .share = 1000}};
    const struct model serving = {.row = {.name = "iris", .version = 1}, .canary = &canary};
    int both = 0;
    char id[32];

    (void)state;
    for (int i = 0; i < 10000; i++) {
        bool first, second;

        snprintf(id, sizeof(id), "%d", i);
        canary.row.version = 2;
        first = registry_choose(&serving, "key", id) == &canary;
        canary.row.version = 3;
        second = registry_choose(&serving, "key", id) == &canary;
        both += first && second;
    }
    assert_in_range(both, 50, 150); /* a tenth of a tenth; five deviations */
}

/* ---- the way back ---- */

/* Steps from the serving version to the first. */
static int steps_back(void)
{
    struct line line;
    int steps = 0;

    assert_int_equal(line_read(&home, "iris", &line, &why), RESULT_OK);
    for (int64_t at = line.places.serving; steps <= 5; steps++) {
        at = line_find(&line, at)->back;
        if (at == 0)
            break;
    }
    line_free(&line);
    return steps;
}

static void the_way_back_never_leads_in_a_circle(void **state)
{
    uint64_t random = 42;

    (void)state;
    for (unsigned i = 1; i <= 5; i++)
        fixture_publish(&home, "iris", i);
    assert_int_equal(steps_back(), 4);
    for (int turn = 0; turn < 60; turn++) {
        struct registry_done done;
        int64_t version;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        version = (int64_t)(random >> 33) % 5 + 1;
        if (random >> 62 == 0)
            registry_rollback(&home, "iris", 0, &done, &why); /* perhaps to nowhere */
        else if (help_find("iris")->row.version != version)
            promote(version, MODEL_SERVING, 0, REGISTRY_BY_UNSAID);
        assert_in_range(steps_back(), 0, 4);
    }
}

/* ---- what a worker has ---- */

static void a_worker_has_canary_and_shadow_and_keeps_their_mappings(void **state)
{
    const struct image *first, *second, *third;
    const struct model *model;

    (void)state;
    for (unsigned i = 1; i <= 3; i++)
        fixture_publish(&home, "iris", i);
    fixture_publish(&home, "other", 4);
    promote(1, MODEL_CANARY, 2500, REGISTRY_BY_KEY);
    promote(2, MODEL_SHADOW, 0, REGISTRY_BY_UNSAID);
    model = help_find("iris");
    assert_int_equal(registry_count(registry), 2);
    assert_int_equal(model->row.version, 3);
    assert_int_equal(model->canary->row.version, 1);
    assert_int_equal(model->canary->row.share, 2500);
    assert_true(model->canary->row.by_key);
    assert_int_equal(model->shadow->row.version, 2);
    assert_null(help_find("other")->canary);
    model = help_find("iris");
    first = model->canary->image;
    second = model->shadow->image;
    third = model->image;
    promote(1, MODEL_SERVING, 0, REGISTRY_BY_UNSAID);
    promote(3, MODEL_SHADOW, 0, REGISTRY_BY_UNSAID);
    promote(2, MODEL_CANARY, 1, REGISTRY_BY_UNSAID);
    model = help_find("iris");
    assert_ptr_equal(model->image, first);
    /* The second was retired in between, but nobody looked. */
    assert_ptr_equal(model->canary->image, second);
    assert_ptr_equal(model->shadow->image, third);
    assert_false(model->canary->row.by_key);
}

static void a_canary_that_cannot_be_loaded_is_none(void **state)
{
    (void)state;
    fixture_publish(&home, "iris", 1);
    fixture_publish(&home, "iris", 2);
    promote(1, MODEL_CANARY, 9999, REGISTRY_BY_UNSAID);
    assert_int_equal(unlink("models/iris/1.fgm"), 0);
    assert_non_null(help_find("iris")->image);
    assert_null(help_find("iris")->canary);
}

/* ---- a version that is named ---- */

static enum result named(int64_t version, const struct model **model)
{
    assert_int_equal(registry_refresh(registry, &why), RESULT_OK);
    return registry_version(registry, "iris", 4, version, model, &why);
}

static void a_version_that_is_not_there_is_missing(void **state)
{
    const struct model *model;

    (void)state;
    assert_int_equal(named(1, &model), RESULT_MISSING);
    fixture_publish(&home, "iris", 1);
    assert_int_equal(named(0, &model), RESULT_MISSING);
    assert_int_equal(named(-1, &model), RESULT_MISSING);
    assert_int_equal(named(2, &model), RESULT_MISSING);
    assert_int_equal(named(INT64_MAX, &model), RESULT_MISSING);
    assert_null(model);
}

static void each_version_can_be_named_whatever_it_does(void **state)
{
    const struct model *model;

    (void)state;
    for (int i = 0; i < 8; i++)
        fixture_publish(&home, "iris", i + 1);
    promote(7, MODEL_CANARY, 5000, REGISTRY_BY_UNSAID);
    promote(6, MODEL_SHADOW, 0, REGISTRY_BY_UNSAID);
    for (int round = 0; round < 2; round++)
        for (int64_t version = 1; version <= 8; version++) {
            assert_int_equal(named(version, &model), RESULT_OK);
            assert_int_equal(model->row.version, version);
            assert_string_equal(image_sha256_hex(model->image), model->row.sha256);
        }
}

static void a_named_version_stays_mapped_until_it_is_deleted(void **state)
{
    const struct model *model;
    const struct image *image;

    (void)state;
    fixture_publish(&home, "iris", 1);
    fixture_publish(&home, "iris", 2);
    assert_int_equal(named(1, &model), RESULT_OK);
    image = model->image;
    assert_int_equal(named(1, &model), RESULT_OK);
    assert_ptr_equal(model->image, image);
    assert_int_equal(registry_delete(&home, "iris", 1, 0, none_told, NULL, &why), RESULT_OK);
    assert_int_equal(named(1, &model), RESULT_MISSING);
}

static void a_named_version_that_cannot_be_loaded_is_tried_again(void **state)
{
    const struct model *model;

    (void)state;
    fixture_publish(&home, "iris", 1);
    fixture_publish(&home, "iris", 2);
    assert_int_equal(rename("models/iris/1.fgm", "models/iris/aside"), 0);
    assert_int_equal(named(1, &model), RESULT_OK);
    assert_null(model->image);
    assert_int_equal(rename("models/iris/aside", "models/iris/1.fgm"), 0);
    assert_int_equal(named(1, &model), RESULT_OK);
    assert_non_null(model->image);
}

/* ---- a model that is withdrawn ---- */

static void withdraw(void)
{
    struct registry_done done;

    if (registry_withdraw(&home, "iris", &done, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_int_equal(done.row.state, MODEL_WITHDRAWN);
    assert_int_equal(done.serving, 0);
}

static void a_model_that_is_withdrawn_answers_nobody_and_keeps_its_versions(void **state)
{
    const struct model *model;
    struct model_row row;

    (void)state;
    fixture_publish(&home, "iris", 1);
    fixture_publish(&home, "iris", 2);
    promote(1, MODEL_CANARY, 5000, REGISTRY_BY_UNSAID);
    withdraw();
    withdraw();
    assert_null(help_find("iris"));
    assert_null(registry_default(registry));
    assert_int_equal(named(2, &model), RESULT_MISSING);
    assert_int_equal(registry_version_get(&home, "iris", 2, &row, &why), RESULT_OK);
    assert_int_equal(row.state, MODEL_WITHDRAWN);
    assert_int_equal(registry_version_get(&home, "iris", 1, &row, &why), RESULT_OK);
    assert_int_equal(row.state, MODEL_RETIRED);
    assert_int_equal(registry_delete(&home, "iris", 2, 0, none_told, NULL, &why),
                     RESULT_INVALID);
}

static void nothing_stands_beside_a_model_that_is_withdrawn(void **state)
{
    const struct registry_place canary = {MODEL_CANARY, 100, REGISTRY_BY_UNSAID};
    struct registry_done done;

    (void)state;
    fixture_publish(&home, "iris", 1);
    fixture_publish(&home, "iris", 2);
    withdraw();
    assert_int_equal(registry_promote(&home, "iris", 1, &canary, &done, &why), RESULT_INVALID);
    assert_int_equal(registry_retire(&home, "iris", 2, &done, &why), RESULT_INVALID);
    assert_null(help_find("iris"));
}

static void a_model_that_is_withdrawn_serves_again_by_each_way(void **state)
{
    struct registry_done done;

    (void)state;
    fixture_publish(&home, "iris", 1);
    fixture_publish(&home, "iris", 2);
    assert_int_equal(registry_rollback(&home, "iris", 0, &done, &why), RESULT_OK);
    withdraw();
    assert_int_equal(registry_restore(&home, "iris", &done, &why), RESULT_OK);
    assert_int_equal(registry_restore(&home, "iris", &done, &why), RESULT_OK);
    assert_int_equal(done.serving, 1); /* which did before, and not the newest */
    assert_int_equal(help_find("iris")->row.version, 1);
    withdraw();
    promote(2, MODEL_SERVING, 0, REGISTRY_BY_UNSAID);
    assert_int_equal(help_find("iris")->row.version, 2);
    withdraw();
    promote(2, MODEL_SERVING, 0, REGISTRY_BY_UNSAID);
    assert_int_equal(help_find("iris")->row.version, 2);
    withdraw();
    assert_int_equal(registry_rollback(&home, "iris", 0, &done, &why), RESULT_OK);
    assert_int_equal(help_find("iris")->row.version, 1);
    withdraw();
    fixture_publish(&home, "iris", 3);
    assert_int_equal(help_find("iris")->row.version, 3);
    assert_int_equal(registry_rollback(&home, "iris", 0, &done, &why), RESULT_OK);
    assert_int_equal(help_find("iris")->row.version, 1);
}

static void a_damaged_image_is_not_restored(void **state)
{
    struct registry_done done;

    (void)state;
    fixture_publish(&home, "iris", 1);
    withdraw();
    assert_int_equal(rename("models/iris/1.fgm", "models/iris/aside"), 0);
    assert_int_not_equal(registry_restore(&home, "iris", &done, &why), RESULT_OK);
    assert_null(help_find("iris"));
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, help_setup, help_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_that_are_none_are_refused),
        cmocka_unit_test(a_share_is_printed_as_it_was_written),
        cmocka_unit_test(without_a_canary_the_serving_version_answers),
        cmocka_unit_test(a_share_holds_within_five_deviations),
        cmocka_unit_test(who_is_within_a_share_stays_within_a_larger_one),
        cmocka_unit_test(another_canary_is_tried_on_others),
        EACH(the_way_back_never_leads_in_a_circle),
        EACH(a_worker_has_canary_and_shadow_and_keeps_their_mappings),
        EACH(a_canary_that_cannot_be_loaded_is_none),
        EACH(a_version_that_is_not_there_is_missing),
        EACH(each_version_can_be_named_whatever_it_does),
        EACH(a_named_version_stays_mapped_until_it_is_deleted),
        EACH(a_named_version_that_cannot_be_loaded_is_tried_again),
        EACH(a_model_that_is_withdrawn_answers_nobody_and_keeps_its_versions),
        EACH(nothing_stands_beside_a_model_that_is_withdrawn),
        EACH(a_model_that_is_withdrawn_serves_again_by_each_way),
        EACH(a_damaged_image_is_not_restored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
