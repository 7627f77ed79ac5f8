/*
 * schema.c: what a model takes as the value of each feature.
 *
 * The largest number that a float32 comparison takes is the largest double that does not
 * round to an infinite float32.  Invariant: whatever is taken, the walk can compare.
 */
#include "forest/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/utf8.h"

enum {
    NAMES_SHOWN = 20,
    NAME_SHOWN_MAX = 64
};

/* Half way from the largest float32 to what would come next, which rounds up. */
#define FLOAT32_END 0x1.ffffffp+127

static double largest(const struct image *image)
{
    return image_spec(image)->compare == SPEC_COMPARE_F32 ? nextafter(FLOAT32_END, 0)
                                                          : INFINITY;
}

static struct schema_feature feature_read(const struct image *image, uint32_t i, double high)
{
    struct schema_feature feature = {
        .type = image_feature_type(image, i),
        .missing = image_feature_missing(image, i),
        .named = image_feature_n_values(image, i) != 0,
        .low = -high,
        .high = high,
        .min = image_feature_min(image, i),
        .max = image_feature_max(image, i),
    };

    if (feature.min > feature.max || feature.type == IMAGE_BOOLEAN || feature.named) {
        feature.min = -INFINITY;
        feature.max = INFINITY;
    }
    if (feature.type == IMAGE_BOOLEAN) {
        feature.low = 0;
        feature.high = 1;
    }
    if (feature.named) {
        feature.low = 1;
        feature.high = 0;
    }
    return feature;
}

enum result schema_read(struct schema *schema, const struct image *image)
{
    uint32_t n = image_n_features(image);
    double high = largest(image);
    struct schema_feature *more;

    if (n > schema->cap) {
        more = realloc(schema->features, n * sizeof(*more));
        if (more == NULL)
            return RESULT_NOMEM;
        schema->features = more;
        schema->cap = n;
    }
    schema->image = image;
    schema->n_features = n;
    schema->only_numbers = true;
    for (uint32_t i = 0; i < n; i++) {
        schema->features[i] = feature_read(image, i, high);
        if (schema->features[i].named || schema->features[i].type == IMAGE_BOOLEAN)
            schema->only_numbers = false;
    }
    return RESULT_OK;
}

void schema_free(struct schema *schema)
{
    free(schema->features);
    *schema = (struct schema){0};
}

static bool is_whole(double value)
{
    return !(value < trunc(value)) && !(value > trunc(value));
}

/* Types whose numbers have no fraction. */
static bool wants_whole(const struct schema_feature *feature)
{
    return feature->type == IMAGE_INTEGER || feature->type == IMAGE_BOOLEAN;
}

enum schema_fault schema_take_number(const struct schema *schema, uint32_t i, double number,
                                     double *out)
{
    const struct schema_feature *feature = &schema->features[i];

    *out = number;
    if (feature->named)
        return SCHEMA_KIND;
    if (number >= feature->low && number <= feature->high &&
        (!wants_whole(feature) || is_whole(number)))
        return SCHEMA_FITS;
    if (feature->type == IMAGE_BOOLEAN)
        return SCHEMA_TRUTH;
    return number >= feature->low && number <= feature->high ? SCHEMA_FRACTION : SCHEMA_LARGE;
}

enum schema_fault schema_take_code(const struct schema *schema, uint32_t i, double number,
                                   double *out)
{
    if (!schema->features[i].named)
        return schema_take_number(schema, i, number, out);
    *out = number;
    return number >= 0 && number < image_feature_n_values(schema->image, i) && is_whole(number)
               ? SCHEMA_FITS
               : SCHEMA_UNKNOWN;
}

enum schema_fault schema_take_truth(const struct schema *schema, uint32_t i, bool truth,
                                    double *out)
{
    *out = truth;
    return schema->features[i].type == IMAGE_BOOLEAN ? SCHEMA_FITS : SCHEMA_KIND;
}

enum schema_fault schema_take_text(const struct schema *schema, uint32_t i, const char *text,
                                   size_t len, double *out)
{
    int64_t code;

    if (!schema->features[i].named)
        return SCHEMA_KIND;
    code = image_feature_value_find(schema->image, i, text, len);
    if (code < 0)
        return SCHEMA_UNKNOWN;
    *out = (double)code;
    return SCHEMA_FITS;
}

enum schema_fault schema_take_missing(const struct schema *schema, uint32_t i, double *out)
{
    *out = NAN;
    return schema->features[i].missing ? SCHEMA_FITS : SCHEMA_MISSING;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

enum schema_fault schema_take_cell(const struct schema *schema, uint32_t i, const char *text,
                                   size_t len, double *out)
{
    size_t used;
    bool minus;

    if (len == 0 || is_word(text, len, "nan"))
        return schema_take_missing(schema, i, out);
    if (schema->features[i].named)
        return schema_take_text(schema, i, text, len, out);
    if (is_word(text, len, "true") || is_word(text, len, "false"))
        return schema_take_truth(schema, i, len == 4, out);
    if (num_parse_double_loose(text, len, out))
        return schema_take_number(schema, i, *out, out);
    minus = text[0] == '-';
    if (is_word(text + minus, len - minus, "inf"))
        return schema_take_number(schema, i, minus ? -INFINITY : INFINITY, out);
    return num_scan_double(text, len, &used, out) == RESULT_TOO_BIG ? SCHEMA_LARGE
                                                                    : SCHEMA_KIND;
}

bool schema_is_outside(const struct schema *schema, uint32_t i, double value)
{
    return value < schema->features[i].min || value > schema->features[i].max;
}

bool schema_takes_all(const struct schema *schema, uint32_t first, const double *numbers,
                      uint32_t n)
{
    const struct schema_feature *features = schema->features + first;
    bool good = true;

    for (uint32_t i = 0; i < n; i++) {
        const struct schema_feature *feature = &features[i];

        good &= numbers[i] >= feature->low && numbers[i] <= feature->high &&
                numbers[i] >= feature->min && numbers[i] <= feature->max;
        if (wants_whole(feature))
            good &= is_whole(numbers[i]);
    }
    return good;
}

const char *schema_fault_text(enum schema_fault fault)
{
    static const char *const texts[SCHEMA_FAULT__MAX] = {
        [SCHEMA_FITS] = "nothing is wrong",
        [SCHEMA_KIND] = "a value of another kind",
        [SCHEMA_LARGE] = "too large for the model's numbers",
        [SCHEMA_FRACTION] = "a fraction where the feature has whole numbers",
        [SCHEMA_TRUTH] = "a number that is neither 0 nor 1, where the feature is true or false",
        [SCHEMA_UNKNOWN] = "none of the feature's categories",
        [SCHEMA_MISSING] = "a missing value, which training never saw here",
    };

    return texts[fault];
}

static void names_print(const struct schema *schema, uint32_t i, char *out, size_t size)
{
    uint32_t n = image_feature_n_values(schema->image, i);
    size_t len = (size_t)snprintf(out, size, "one of: ");
    char name[NAME_SHOWN_MAX];

    for (uint32_t k = 0; k < n && k < NAMES_SHOWN && len < size; k++) {
        const char *value = image_feature_value(schema->image, i, k);

        utf8_quote(name, sizeof(name), value, strlen(value));
        len += (size_t)snprintf(out + len, size - len, "%s%s", k == 0 ? "" : ", ", name);
    }
    if (n > NAMES_SHOWN && len < size)
        snprintf(out + len, size - len, ", ... (%u in all)", (unsigned)n);
}

void schema_print_allowed(const struct schema *schema, uint32_t i, char *out, size_t size)
{
    const struct schema_feature *feature = &schema->features[i];
    bool f32 = isfinite(feature->high);
    size_t len;

    if (feature->named)
        names_print(schema, i, out, size);
    else if (feature->type == IMAGE_BOOLEAN)
        snprintf(out, size, "true or false, or 1 or 0");
    else if (feature->type == IMAGE_CATEGORY)
        snprintf(out, size, "the number of a category");
    else
        snprintf(out, size, "%s",
                 feature->type == IMAGE_INTEGER ? "a whole number"
                 : f32                          ? "a number from -3.4e38 to 3.4e38"
                                                : "a number");
    len = strlen(out);
    if (feature->missing && len < size)
        snprintf(out + len, size - len, "; null where it is missing");
}

void schema_print_range(const struct schema *schema, uint32_t i, char *out, size_t size)
{
    char min[NUM_DOUBLE_MAX], max[NUM_DOUBLE_MAX];

    num_print_double(min, schema->features[i].min);
    num_print_double(max, schema->features[i].max);
    snprintf(out, size, "%s to %s", min, max);
}
