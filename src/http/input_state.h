/*
 * input_state.h: a body while it is read, for input.c and input_text.c alone.
 */
#ifndef HTTP_INPUT_STATE_H
#define HTTP_INPUT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_write.h"
#include "forest/text_model.h"
#include "gate/registry.h"

enum {
    FAULTS_MAX = 20,
    FIELD_MAX = 160,
    SHOWN_MAX = 96,
    SINGLE = -1, /* the row number of "features" and of "text" */
};

struct input {
    struct json_reader reader;
    double *values;
    size_t values_cap;
    size_t count;
    uint32_t *seen; /* for each feature the mark of the last row that named it */
    size_t seen_cap;
    uint32_t mark;

    /* of the body at hand */
    const struct model *model;
    const struct image *image; /* the model's; NULL if the caller cannot have it: then the
                                  body is read for its form and its "model" alone */
    struct buf *errors;
    struct json_writer error_writer;
    char first[512]; /* the first fault, for the detail */
    unsigned faults;
    size_t rows_limit;
    bool has_features, has_instances, has_text;
    bool fixed;                   /* the path or the body has named the model */
    bool wants_text;              /* there was a text, and nobody named a model */
    struct text_scratch *scratch; /* once there was a text */
    bool no_memory, too_many, forbidden;
};

/*
 * Counts a fault, and tells whether its texts are wanted: past the bound nobody sees
 * them, and making them would cost more than all of the reading.
 */
bool input_fault_is_shown(struct input *input);

/* Notes one field at fault: which, what was wrong, what is allowed. */
void input_fault(struct input *input, const char *field, const char *allowed,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "an array" and the like. */
const char *input_token_name(enum json_token token);

/* "features", or "instances[7]", with what comes behind it. */
void input_field(char out[FIELD_MAX], long row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Room for one more row; NULL if there is none, noted.  After a fault no row will be
 * asked for, so all that follow are read into the first one's place.
 */
double *input_row_begin(struct input *input);

/* input_text.c */

/*
 * One text, its token just read, into the row, of the field of that name.  False only
 * after JSON_BAD.
 */
bool input_text_read(struct input *input, enum json_token token, double *row,
                     const char *field);

/* A row of a text model: "..." or {"text": "..."}, its first token just read. */
bool input_text_row(struct input *input, enum json_token token, double *row, long at);

/* A row for a model that the caller cannot have: skipped; notes whether it is a text. */
bool input_text_seek(struct input *input, enum json_token token);

/* Notes that the model takes a text, and this field is none. */
void input_text_wanted(struct input *input, const char *field);

#endif
