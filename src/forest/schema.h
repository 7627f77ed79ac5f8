/*
 * schema.h: what a model takes as the value of each feature, and in which words it says so.
 *
 * One set of rules for request bodies and for files: a real is any number that the walk
 * can compare, an integer has no fraction, a boolean is true, false, 1 or 0, a category
 * is one of its names, or a number where the model knows no names.  A value may be
 * missing where the model says so.  Values outside of the range that training saw are
 * taken; schema_is_outside() tells of them.
 */
#ifndef FOREST_SCHEMA_H
#define FOREST_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_write.h"
#include "base/result.h"
#include "forest/image.h"

/* What is wrong with a value. */
enum schema_fault {
    SCHEMA_FITS,
    SCHEMA_KIND,     /* it is of no kind that the feature takes */
    SCHEMA_LARGE,    /* past the largest that the walk compares */
    SCHEMA_FRACTION, /* of an integer */
    SCHEMA_TRUTH,    /* a number that is neither 0 nor 1 */
    SCHEMA_UNKNOWN,  /* a text that is none of the categories */
    SCHEMA_MISSING,  /* training never saw a missing value there */
    SCHEMA_FAULT__MAX
};

struct schema_feature {
    enum image_type type;
    bool missing;     /* a value may be missing */
    bool named;       /* categories have names */
    double low, high; /* what is taken, both included; low > high if no number is */
    double min, max;  /* what training saw; infinite if that is not known */
};

/* The rules of one image, at hand.  Zeroed before the first schema_read(). */
struct schema {
    const struct image *image;
    uint32_t n_features;
    bool only_numbers; /* no feature has names or is true or false */
    struct schema_feature *features;
    size_t cap;
};

/* Reads the image's rules; memory from before is used again.  RESULT_NOMEM. */
enum result schema_read(struct schema *schema, const struct image *image);

void schema_free(struct schema *schema);

/* A number, a truth value, a text, or nothing, as the value of feature i. */
enum schema_fault schema_take_number(const struct schema *schema, uint32_t i, double number,
                                     double *out);
enum schema_fault schema_take_truth(const struct schema *schema, uint32_t i, bool truth,
                                    double *out);
enum schema_fault schema_take_text(const struct schema *schema, uint32_t i, const char *text,
                                   size_t len, double *out);
/* The same as schema_take_number(), but a category that has names is given by its number. */
enum schema_fault schema_take_code(const struct schema *schema, uint32_t i, double number,
                                   double *out);

enum schema_fault schema_take_missing(const struct schema *schema, uint32_t i, double *out);

/*
 * A text without space around it, as a cell of a file has a value: a number or a truth value is
 * written out, and nothing, or "nan", is a missing one.
 */
enum schema_fault schema_take_cell(const struct schema *schema, uint32_t i, const char *text,
                                   size_t len, double *out);

/*
 * Whether all n numbers (none is NaN), the values of the features from `first` on, are taken as
 * they are and lie within their ranges: the quick question before the ones above.
 */
bool schema_takes_all(const struct schema *schema, uint32_t first, const double *numbers,
                      uint32_t n);

/* Whether a value that was taken is outside of what training saw. */
bool schema_is_outside(const struct schema *schema, uint32_t i, double value);

/* What is wrong, in words: "a fraction where the feature has whole numbers". */
const char *schema_fault_text(enum schema_fault fault);

/* What feature i takes, in words: "a whole number", "one of: north, south". */
void schema_print_allowed(const struct schema *schema, uint32_t i, char *out, size_t size);

/* The range that training saw of feature i, in words. */
void schema_print_range(const struct schema *schema, uint32_t i, char *out, size_t size);

/* What a body is to be told of beside its image. */
struct schema_body {
    const char *model_name; /* what "model" may be */
    uint64_t max_rows;      /* of instances; 0: any number */
    const char *at; /* where it stands in a document, #/a/b; NULL: it is one of its own */
};

/*
 * Writes the JSON Schema (draft 2020-12) of a body of POST /predict for the image: what
 * it describes and what is taken are the same, but for names of members that JSON
 * repeats.
 */
void schema_write(struct json_writer *writer, const struct image *image,
                  const struct schema_body *body);

#endif
