/*
 * test_output.c: what the libraries make of margins, by output_expected.py, and which
 * class is meant.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "forest/output.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    MOST = 160
};

static const struct expected {
    enum spec_transform transform;
    double parameter;
    uint32_t n_margins, n_answers;
    bool f32;
    int64_t ulps;
    double margins[MOST], answers[MOST];
} expected[] = {
#include "output_expected.inc"
};

/* Numbers of that precision from one to the other. */
static int64_t distance(double a, double b, bool f32)
{
    int64_t x, y;

    if (f32) {
        float fa = (float)a, fb = (float)b;
        int32_t ia, ib;

        assert_true((double)fa == a);
        memcpy(&ia, &fa, sizeof(ia));
        memcpy(&ib, &fb, sizeof(ib));
        x = ia;
        y = ib;
    } else {
        memcpy(&x, &a, sizeof(x));
        memcpy(&y, &b, sizeof(y));
    }
    if ((x < 0) != (y < 0)) /* zeros of both signs are one */
        return x << 1 == 0 && y << 1 == 0 ? 0 : INT64_MAX;
    return x > y ? x - y : y - x;
}

static void answers_are_the_libraries_own(void **state)
{
    double out[MOST];
    unsigned seen[SPEC_TRANSFORM__MAX] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct expected *e = &expected[i];
        uint32_t classes = e->n_answers == 1 ? 0 : e->n_answers;
        const struct spec spec = {
            .task = classes == 0 ? SPEC_REGRESS : SPEC_CLASSIFY,
            .sum = e->f32 ? SPEC_SUM_F32 : SPEC_SUM_F64,
            .transform = e->transform,
            .parameter = e->parameter,
            .n_outputs = e->n_margins,
        };
        const struct output output = {&spec, &classes, 1, NULL};

        assert_int_equal(output_width(&output), e->n_answers);
        output_rows(&output, e->margins, 1, out);
        seen[e->transform]++;
        for (uint32_t k = 0; k < e->n_answers; k++)
            if (distance(out[k], e->answers[k], e->f32) > e->ulps)
                fail_msg("transform %d of %a, number %u: %a, not %a", e->transform,
                         e->margins[0], (unsigned)k, out[k], e->answers[k]);
    }
    for (unsigned t = 1; t < SPEC_TRANSFORM__MAX; t++)
        if (seen[t] == 0 && t != SPEC_IDENTITY && t != SPEC_FRACTIONS)
            fail_msg("no example of transform %u", t);
}

static void what_stays_as_it_is_has_its_bits(void **state)
{
    static const double margins[] = {0.25, 0x1.fffffffffffffp-3, 5e-324, -0.0};
    const uint32_t four = 4, none = 0, two = 2;
    struct spec spec = {.task = SPEC_CLASSIFY, .sum = SPEC_SUM_F64, .n_outputs = 4};
    struct output output = {&spec, &four, 1, NULL};
    double out[4];

    (void)state;
    for (int i = 0; i < 2; i++) {
        spec.transform = i == 0 ? SPEC_FRACTIONS : SPEC_IDENTITY;
        output_rows(&output, margins, 1, out);
        assert_memory_equal(out, margins, sizeof(out));
        assert_true(output_has_probabilities(&output) == (i == 0));
    }
    spec.task = SPEC_REGRESS;
    spec.n_outputs = 1;
    output.classes = &none;
    output_rows(&output, margins, 4, out);
    assert_memory_equal(out, margins, sizeof(out));
    assert_false(output_has_probabilities(&output));
    spec.task = SPEC_CLASSIFY; /* one score for two classes */
    output.classes = &two;
    output_rows(&output, margins, 1, out);
    assert_true(out[0] == -0.25 && out[1] == 0.25);
}

/* Two targets of two and three classes; the first may have one margin or two. */
static void several_targets_have_their_own_numbers(void **state)
{
    static const uint32_t classes[] = {2, 3};
    static const double four[] = {0.0, 1.0, 3.0, 2.0}, five[] = {1.0, 0.0, 1.0, 3.0, 2.0};
    struct spec spec = {.task = SPEC_CLASSIFY,
                        .sum = SPEC_SUM_F64,
                        .transform = SPEC_SIGMOIDS_F64,
                        .parameter = 1,
                        .label = SPEC_LABEL_ARGMAX,
                        .n_outputs = 4};
    const struct output output = {&spec, classes, 2, NULL};
    double out[5], again[5];

    (void)state;
    assert_int_equal(output_width(&output), 5);
    assert_int_equal(output_margins(&output, 0), 1);
    assert_int_equal(output_margins(&output, 1), 3);
    assert_int_equal(output_margins_begin(&output, 1), 1);
    assert_int_equal(output_begin(&output, 1), 2);
    output_rows(&output, four, 1, out);
    assert_true(out[0] == 0.5 && out[1] == 0.5);
    assert_int_equal(output_class(&output, four, out, 0), 0);
    assert_int_equal(output_class(&output, four, out, 1), 1);
    spec.n_outputs = 5;
    assert_int_equal(output_margins(&output, 0), 2);
    assert_int_equal(output_margins_begin(&output, 1), 2);
    output_rows(&output, five, 1, again);
    assert_memory_equal(again + 2, out + 2, 3 * sizeof(*out));
    assert_int_equal(output_class(&output, five, again, 0), 0);
}

/* The second of two classes at a margin, by each rule. */
static void the_rule_decides_a_tie(void **state)
{
    static const struct {
        enum spec_label label;
        double cut, margin;
        uint32_t expected;
    } cases[] = {
        {SPEC_LABEL_ARGMAX, 0, 0, 0},         {SPEC_LABEL_ARGMAX, 0, 1e-3, 1},
        {SPEC_LABEL_ABOVE_HALF, 0, 0, 0},     {SPEC_LABEL_ABOVE_HALF, 0, 1e-3, 1},
        {SPEC_LABEL_MARGIN_ABOVE, 0, 0, 0},   {SPEC_LABEL_MARGIN_ABOVE, 0, 5e-324, 1},
        {SPEC_LABEL_MARGIN_FROM, 0, 0, 1},    {SPEC_LABEL_MARGIN_FROM, 0, -5e-324, 0},
        {SPEC_LABEL_MARGIN_ABOVE, -2, -1, 1}, {SPEC_LABEL_MARGIN_FROM, 0.5, 0.5, 1},
    };
    const uint32_t two = 2;
    double out[2];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct spec spec = {.task = SPEC_CLASSIFY,
                                  .sum = SPEC_SUM_F64,
                                  .transform = SPEC_SIGMOID_F64,
                                  .parameter = 1,
                                  .label = cases[i].label,
                                  .n_outputs = 1,
                                  .cut = cases[i].cut};
        const struct output output = {&spec, &two, 1, NULL};

        output_rows(&output, &cases[i].margin, 1, out);
        if (output_class(&output, &cases[i].margin, out, 0) != cases[i].expected)
            fail_msg("rule %d at %a", cases[i].label, cases[i].margin);
    }
}

/* Probabilities that are equal by rounding, of margins that are not. */
static void the_greatest_margin_is_told_apart_from_the_greatest_probability(void **state)
{
    static const double margins[] = {100.0, 100.00001, -5};
    const uint32_t three = 3;
    struct spec spec = {.task = SPEC_CLASSIFY,
                        .transform = SPEC_SIGMOIDS_F64,
                        .parameter = 1,
                        .label = SPEC_LABEL_ARGMAX,
                        .n_outputs = 3};
    const struct output output = {&spec, &three, 1, NULL};
    double out[3];

    (void)state;
    output_rows(&output, margins, 1, out);
    assert_true(out[0] == out[1]);
    assert_int_equal(output_class(&output, margins, out, 0), 0);
    spec.label = SPEC_LABEL_MARGIN_ARGMAX;
    assert_int_equal(output_class(&output, margins, out, 0), 1);
}

static void an_outlier_is_told_by_its_score(void **state)
{
    const uint32_t two = 2;
    const struct spec spec = {.task = SPEC_ANOMALY,
                              .transform = SPEC_ISOLATION,
                              .parameter = 10,
                              .label = SPEC_LABEL_MARGIN_FROM,
                              .n_outputs = 1,
                              .cut = -0.5};
    const struct output output = {&spec, &two, 1, NULL};
    const double lengths[] = {9.99, 10, 10.01};
    double out[3];

    (void)state;
    assert_int_equal(output_width(&output), 1);
    assert_false(output_has_probabilities(&output));
    output_rows(&output, lengths, 3, out);
    assert_true(out[0] < -0.5 && out[1] == -0.5 && out[2] > -0.5);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(output_class(&output, &lengths[i], &out[i], 0), i > 0);
}

static void thresholds_go_before_the_rule(void **state)
{
    static const double two_thresholds[] = {0.7, 0.3}, three_thresholds[] = {0.5, 0.2, 0.3},
                        with_zero[] = {0.5, 0, 0.5};
    static const struct {
        double p[3];
        uint32_t classes;
        const double *thresholds;
        uint32_t expected;
    } cases[] = {
        {{0.7, 0.3}, 2, two_thresholds, 1},          /* at the threshold */
        {{0.71, 0.29}, 2, two_thresholds, 0},        /* under it */
        {{0.5, 0.3, 0.2}, 3, three_thresholds, 1},   /* 1, 1.5, 0.67 */
        {{0.6, 0.24, 0.16}, 3, three_thresholds, 0}, /* 1.2, 1.2: the first */
        {{0.9, 0.1, 0}, 3, with_zero, 1},
        {{0.4, 0, 0.6}, 3, with_zero, 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct spec spec = {.task = SPEC_CLASSIFY,
                                  .transform = SPEC_FRACTIONS,
                                  .label = SPEC_LABEL_ARGMAX,
                                  .n_outputs = cases[i].classes};
        const struct output output = {&spec, &cases[i].classes, 1, cases[i].thresholds};

        if (output_class(&output, cases[i].p, cases[i].p, 0) != cases[i].expected)
            fail_msg("case %zu", i);
    }
}

static void the_first_of_equals_is_the_greatest(void **state)
{
    (void)state;
    assert_int_equal(output_argmax((const double[]){1, 3, 3, 2}, 4), 1);
    assert_int_equal(output_argmax((const double[]){-1}, 1), 0);
}

static void numbers_are_ranked_and_equals_stay_in_their_order(void **state)
{
    static double many[4096];
    static uint32_t order[4096];

    (void)state;
    output_rank((const double[]){0.25, 0.5, 0.25, 0.5, 0}, 5, order);
    assert_memory_equal(order, ((const uint32_t[]){1, 3, 0, 2, 4}), 5 * sizeof(*order));
    for (size_t i = 0; i < 4096; i++)
        many[i] = (double)(i % 7);
    output_rank(many, 4096, order);
    for (size_t i = 1; i < 4096; i++)
        assert_true(many[order[i - 1]] > many[order[i]] ||
                    (many[order[i - 1]] >= many[order[i]] && order[i - 1] < order[i]));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_libraries_own),
        cmocka_unit_test(what_stays_as_it_is_has_its_bits),
        cmocka_unit_test(several_targets_have_their_own_numbers),
        cmocka_unit_test(the_rule_decides_a_tie),
        cmocka_unit_test(the_greatest_margin_is_told_apart_from_the_greatest_probability),
        cmocka_unit_test(an_outlier_is_told_by_its_score),
        cmocka_unit_test(thresholds_go_before_the_rule),
        cmocka_unit_test(the_first_of_equals_is_the_greatest),
        cmocka_unit_test(numbers_are_ranked_and_equals_stay_in_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
