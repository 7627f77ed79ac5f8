/*
 * protocol.c: how clients of other model servers write rows, and what answer they read.
 *
 * Sources of the forms: KServe's data plane v1; TensorFlow Serving's api_rest.md, and its
 * json_tensor.cc, whose answer to :classify and :regress is "results" where the page says
 * "result"; MLflow's scoring server (mlflow/pyfunc/scoring_server); @huggingface/inference.
 */
#include "http/protocol.h"

#include <string.h>

const struct protocol protocol_v1 = {
    .name = "V1Predict",
    .members = {{"instances", PROTOCOL_ROWS, "predictions"},
                {"inputs", PROTOCOL_TENSOR, "outputs"},
                {"signature_name", PROTOCOL_SIGNATURE, NULL},
                {"parameters", PROTOCOL_PARAMETERS, NULL}},
    .item = ANSWER_PREDICTION,
    .texts = ANSWER_PREDICTION,
};

const struct protocol protocol_v1_explain = {
    .name = "V1Explain",
    .members = {{"instances", PROTOCOL_ROWS, "predictions"},
                {"inputs", PROTOCOL_TENSOR, "predictions"},
                {"signature_name", PROTOCOL_SIGNATURE, NULL},
                {"parameters", PROTOCOL_PARAMETERS, NULL}},
    .item = ANSWER_PREDICTION,
    .texts = ANSWER_PREDICTION,
    .explains = true,
};

const struct protocol protocol_classify = {
    .name = "V1Classify",
    .members = {{"examples", PROTOCOL_ROWS, "results"},
                {"signature_name", PROTOCOL_PASSED, NULL}},
    .item = ANSWER_PAIRS,
    .texts = ANSWER_PAIRS,
};

const struct protocol protocol_regress = {
    .name = "V1Regress",
    .members = {{"examples", PROTOCOL_ROWS, "results"},
                {"signature_name", PROTOCOL_PASSED, NULL}},
    .item = ANSWER_PREDICTION,
    .texts = ANSWER_PREDICTION,
    .values = true,
};

const struct protocol protocol_invocations = {
    .name = "Invocations",
    .members = {{"dataframe_split", PROTOCOL_SPLIT, "predictions"},
                {"dataframe_records", PROTOCOL_RECORDS, "predictions"},
                {"instances", PROTOCOL_ROWS, "predictions"},
                {"inputs", PROTOCOL_TENSOR, "predictions"},
                {"params", PROTOCOL_PARAMETERS, NULL},
                {"parameters", PROTOCOL_PARAMETERS, NULL}},
    .item = ANSWER_PREDICTION,
    .texts = ANSWER_PREDICTION,
};

const struct protocol protocol_hf = {
    .name = "HuggingFace",
    .members = {{"inputs", PROTOCOL_TABLE, NULL},
                {"parameters", PROTOCOL_PARAMETERS, NULL},
                {"options", PROTOCOL_PASSED, NULL}},
    .item = ANSWER_PREDICTION,
    .texts = ANSWER_SCORED,
};

/* What is answered, by the words of "outputs" in a body of our own. */
const char *const protocol_outputs[] = {"prediction", "label",  "probabilities",
                                        "margin",     "leaves", NULL};

static const enum answer_item output_items[] = {
    ANSWER_PREDICTION, ANSWER_LABEL, ANSWER_PROBABILITIES, ANSWER_MARGIN, ANSWER_LEAVES};

static bool is(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(word, name, len) == 0;
}

bool protocol_output(const char *name, size_t len, enum answer_item *item)
{
    for (size_t i = 0; protocol_outputs[i] != NULL; i++)
        if (is(name, len, protocol_outputs[i])) {
            *item = output_items[i];
            return true;
        }
    return false;
}

bool protocol_signature(const char *name, size_t len, enum answer_item *item)
{
    if (is(name, len, "serving_default") || is(name, len, "predict"))
        *item = ANSWER_PREDICTION;
    else if (is(name, len, "predict_proba"))
        *item = ANSWER_PROBABILITIES;
    else
        return false;
    return true;
}
