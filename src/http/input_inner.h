/*
 * input_inner.h: what the parts of the reader of predictions share: input.c goes over the
 * body, input_native.c reads the members of our own form and input_protocol.c those that
 * clients of other servers send, input_rows.c rows, input_text.c those of texts,
 * input_columns.c what comes column by column, and input_fault.c tells what is wrong with
 * them.  No one else includes it.
 */
#ifndef HTTP_INPUT_INNER_H
#define HTTP_INPUT_INNER_H

#include "base/json.h"
#include "base/json_write.h"
#include "forest/schema.h"
#include "http/input.h"
#include "http/protocol.h"

enum {
    INPUT_FAULTS_MAX = 20,
    INPUT_FIELD_MAX = 160,
    INPUT_SHOWN_MAX = 96,
    INPUT_SINGLE = -1, /* the row number of "features" */
};

/* Objects of field, problem and allowed, as the body of a JSON array. */
struct input_list {
    struct buf *json;
    struct json_writer writer;
    unsigned count; /* of all, of which INPUT_FAULTS_MAX are written */
};

/* The columns of a data frame, in the order of its rows' values. */
struct input_split {
    const struct image *image; /* whose features they were found among; NULL: none were */
    bool in_order;             /* they are the features in their order */
    int32_t *features;         /* the feature of each column; -1: none of the model's */
    size_t count, cap;
};

struct input {
    struct json_reader reader;
    double *values;
    size_t values_cap;
    size_t count;
    uint32_t *seen; /* for each feature the mark of the last row that named it */
    size_t seen_cap;
    uint32_t mark;
    struct schema schema; /* of image, if that is not NULL */
    struct buf warned;
    struct buf url; /* of the body at hand; empty: none */

    /* of the body at hand */
    const struct model *model;
    const struct image *image; /* the model's; NULL if the caller cannot have it: then the
                                  body is read for its form and its "model" alone */
    struct input_list faults;
    struct input_list warnings;
    char first[512]; /* the first fault, for the detail */
    size_t rows_limit;
    size_t rows_held; /* the same, of rows that have to be in memory together */
    /* Of a large body rows are only looked at, in one place, and given out in a second pass. */
    bool looking, stopped;
    bool unbounded;   /* and its answer is not in memory either */
    input_take *take; /* NULL but in that second pass */
    void *take_arg;
    size_t block_rows, in_block;
    const struct spool *large; /* where that body is, and how far it was read */
    uint64_t large_at;
    unsigned outputs; /* enum input_output, 0 if none were asked for */
    bool has_features, has_instances, has_text, has_outputs, all_classes;
    bool fixed;                   /* the path or the body has named the model */
    bool wants_text;              /* there was a text */
    struct text_scratch *scratch; /* once one was read */
    bool no_memory, too_many, forbidden;

    /* of one in another server's protocol */
    const struct protocol *protocol; /* NULL: it is in our own */
    char list[INPUT_FIELD_MAX];      /* what the rows at hand are called in faults */
    bool is_frame;    /* they are of a data frame: all features, and perhaps other columns */
    bool by_split;    /* and of one whose columns are in split */
    bool by_column;   /* they come column by column */
    bool as_cells;    /* numbers may be texts, as in a file */
    bool wants_again; /* what the columns are was known too late */
    unsigned lists;   /* members with rows */
    struct answer_frame frame;
    const char *asked_output; /* by the query; NULL: nothing */
    const char *asked_by;     /* what said frame.item; NULL: nothing */
    struct input_split split;
};

/* What a pass over the body came to. */
enum input_pass {
    INPUT_PASS_DONE,
    INPUT_PASS_MALFORMED,
    INPUT_PASS_OTHER_MODEL, /* read it again for the model that it names */
    INPUT_PASS_AGAIN,       /* read it again, now that its columns are known */
};

/* ---- input.c ---- */

/* The version of a model that this request is answered by; NULL for none. */
const struct model *input_choose(const struct request *request, const struct model *model);

/* Whether the route tells what each feature adds. */
bool input_explains(const struct request *request);

/* ---- input_native.c ---- */

/*
 * A member of a body in our own form, its key just read.  INPUT_PASS_MALFORMED only after
 * JSON_BAD.
 */
enum input_pass input_native_member(struct service *service, const struct request *request,
                                    struct input *input);

/* "classes", by the name of the field.  False only after JSON_BAD. */
bool input_classes_read(struct input *input, const char *field);

/* ---- input_fault.c ---- */

/* Empties a list, which writes to that buffer. */
void input_list_start(struct input_list *list, struct buf *json);

/*
 * Counts one more, and tells whether its texts are wanted: past the bound nobody sees
 * them, and making them would cost more than all of the reading.
 */
bool input_list_shows(struct input_list *list);

/*
 * Notes one field at fault: which, what was wrong, what is allowed.  Inside of rows it
 * comes after input_list_shows(&input->faults).
 */
void input_fault(struct input *input, const char *field, const char *allowed,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "an object", and so on. */
const char *input_token_name(enum json_token token);

/* "features", or "instances[7]" by the name of the list, with what comes behind it. */
void input_field_print(const struct input *input, char out[INPUT_FIELD_MAX], long row,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A value of feature i that is refused; its token; by name or by position. */
void input_fault_value(struct input *input, enum schema_fault fault, enum json_token token,
                       long row, uint32_t i, bool by_name);

/* A value that is taken, though training saw none so small or large. */
void input_warn_range(struct input *input, double value, long row, uint32_t i, bool by_name);

/* A name, the key just read, that is no feature's; the same of a field. */
void input_fault_name(struct input *input, long row);
void input_fault_unknown(struct input *input, const char *field);

/* ---- input_rows.c ---- */

/* A list of rows by its name, its first token just read.  False only after JSON_BAD. */
bool input_rows_read(struct input *input, enum json_token token, const char *list);

/* The rows behind the bracket of such a list, the first token of whose was just read. */
bool input_rows_rest(struct input *input, enum json_token token);

/* One value of a row, its token just read; *to is filled whatever it is. */
void input_value_read(struct input *input, enum json_token token, double *to, long row,
                      uint32_t i, bool by_name);

/* What is left of an array, a token of whose was just read.  False only after JSON_BAD. */
bool input_array_skip(struct input *input, enum json_token token);

/* Begins to note in input->seen which features are named.  False for want of memory, noted. */
bool input_seen_begin(struct input *input, uint32_t width);

/* Room for so many rows in input->values.  False for want of memory, noted. */
bool input_room(struct input *input, size_t rows);

/* One row, its first token just read.  False only after JSON_BAD. */
bool input_row_read(struct input *input, enum json_token token, long row);

/*
 * Room for one more row; NULL if there is none, noted.  After a fault no row will be
 * asked for, so all that follow are read into the first one's place.
 */
double *input_row_begin(struct input *input);

/* The row that was begun is there; in a second pass it may be the last of its block. */
void input_row_end(struct input *input);

/* Gives out the rows of a block that are there. */
void input_block_end(struct input *input);

/* ---- input_text.c ---- */

/* "text": one row of a text model.  False only after JSON_BAD. */
bool input_text_read(struct input *input);

/* One text, its token just read, into the row, of the field of that name. */
bool input_text_value(struct input *input, enum json_token token, double *row,
                      const char *field);

/*
 * Whether the key just read is what texts are called: "text", or in another server's protocol
 * also as their column was in training.
 */
bool input_text_named(const struct input *input);

/* A row of a text model: "..." or {"text": "..."}, its first token just read. */
bool input_text_row(struct input *input, enum json_token token, double *row, long at);

/* A row for a model that the caller cannot have: skipped; notes whether it is a text. */
bool input_text_seek(struct input *input, enum json_token token);

/*
 * Notes features for a model that takes a text, a text for one that takes features, or
 * neither of them.
 */
void input_text_check(struct input *input);

/* ---- input_protocol.c ---- */

/* Forgets what was asked by the body before. */
void input_protocol_start(struct input *input);

/* A member of the body, its key just read.  False only after JSON_BAD. */
bool input_protocol_member(struct input *input);

/* Notes what may only be said when all of the body has been seen. */
void input_protocol_check(struct input *input);

/* ---- input_columns.c ---- */

/*
 * {"feature": [value, ...], ...}, behind its brace, by the name of the object.  One member that
 * is no feature's may have rows.  False only after JSON_BAD.
 */
bool input_columns_read(struct input *input, const char *list);

/* The names of a data frame's columns, into input->split.  False only after JSON_BAD. */
bool input_split_columns(struct input *input, const char *field);

/* The same of a frame that does not name them. */
void input_split_unnamed(struct input *input);

/* A row of such a frame, behind its bracket.  False only after JSON_BAD. */
bool input_split_row(struct input *input, double *values, long row);

#endif
