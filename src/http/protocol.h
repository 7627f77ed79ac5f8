/*
 * protocol.h: how clients of other model servers write rows, and what answer they read: one
 * const table for each protocol.  input_protocol.c reads the bodies, answer.c writes the
 * answers; between them is the one way of all predictions.
 *
 *     v1            KServe v1 and TensorFlow Serving, :predict
 *     v1_explain    KServe v1, :explain
 *     classify      TensorFlow Serving, :classify, and regress, :regress
 *     invocations   MLflow's scoring server, and SageMaker
 *     hf            Hugging Face's inference API, of tables and of texts
 */
#ifndef HTTP_PROTOCOL_H
#define HTTP_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "http/answer.h"

/* What a member of the body is. */
enum protocol_part {
    PROTOCOL_ROWS,       /* an array of rows */
    PROTOCOL_RECORDS,    /* the same of a data frame: all features, and perhaps other columns */
    PROTOCOL_TENSOR,     /* rows, or an object with a list of values for each feature */
    PROTOCOL_SPLIT,      /* a data frame: {"columns": [...], "data": [[...]]} */
    PROTOCOL_TABLE,      /* {"data": {"feature": ["1", "2"]}}; or a text, or some */
    PROTOCOL_SIGNATURE,  /* what is answered, by the name of a signature */
    PROTOCOL_PARAMETERS, /* an object in which "output" says what is answered */
    PROTOCOL_PASSED,     /* something that is nothing to us */
};

struct protocol_member {
    const char *name;
    enum protocol_part part;
    const char *answered; /* of rows: the member of the answer; NULL: the list stands alone */
};

/* Not more than this in a table. */
enum {
    PROTOCOL_MEMBERS = 8
};

struct protocol {
    const char *name;                                 /* of the body's schema */
    struct protocol_member members[PROTOCOL_MEMBERS]; /* up to one without a name */
    enum answer_item item;  /* answered for each row if nothing else is asked */
    enum answer_item texts; /* the same of a model that takes texts */
    bool values;            /* for models of values alone */
    bool explains;
};

extern const struct protocol protocol_v1, protocol_v1_explain, protocol_classify,
    protocol_regress, protocol_invocations, protocol_hf;

/* What "output" may be, joined by commas, and by its name.  False if it is none. */
#define PROTOCOL_OUTPUTS "prediction, label, probabilities, margin, leaves"
bool protocol_output(const char *name, size_t len, enum answer_item *item);

/* The same names, up to NULL, for a query. */
extern const char *const protocol_outputs[];

/*
 * What is answered by a signature: "serving_default" and "predict" are the prediction,
 * "predict_proba" the probabilities.  False if there is none of this name.
 */
#define PROTOCOL_SIGNATURES "serving_default, predict, predict_proba"
bool protocol_signature(const char *name, size_t len, enum answer_item *item);

#endif
