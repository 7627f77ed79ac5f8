/*
 * openapi_shapes.c: what answers have in common, by name.  The notation is shape.h's.
 */
#include "http/openapi_inner.h"

#define USER_MEMBERS                                                                           \
    "id: text, username: text (an e-mail address), first_name: text, last_name: text, "        \
    "country: text | null, role: 'user' | 'admin', is_active: bool, models: text (names with " \
    "commas, or *), tier: text, created_at: time, last_login_at: time | null"

#define KEY_MEMBERS                                                                            \
    "id: text (the public part), name: text, masked_key: text, state: 'active' | 'expired' | " \
    "'revoked', user: text | null (the id of its owner), tier: text, scopes: text, "           \
    "models: text (names with commas, or *), addresses: text (ranges, empty for all), "        \
    "limits: text | null, own_limits: text (what it has in the place of its tier's), "         \
    "created_at: time, expires_at: time | null, revoked_at: time | null, rotated_at: time | "  \
    "null, old_until: time | null (how long the secret before "                                \
    "holds), last_used_at: time | null, metadata: {*: any}"

#define INVITATION_MEMBERS                                                                \
    "id: text, username: text | null, role: 'user' | 'admin', models: text, tier: text, " \
    "made_by: text | null, created_at: time, expires_at: time"

#define VERSION_MEMBERS                                                                    \
    "version: int, state: 'serving' | 'canary' | 'shadow' | 'retired' | 'withdrawn', "     \
    "share: text | null (of a canary how many calls it answers), by: 'key' | 'request' | " \
    "null, sha256: text, published_at: time"

#define PREDICTION_MEMBERS                                                                    \
    "prediction?: num | [num] (the class index or the value; a list where the model has "     \
    "several targets, as for label and probabilities), label?: text | null | [text | null], " \
    "probabilities?: [num | [num | [num]]] (in the order of the classes; a list of such for " \
    "instances), score?: num (of an anomaly, or of a text its label's probability), "         \
    "predictions?: [num | [num]] (of instances, one for each), "                              \
    "labels?: [text | null | [text | null]], scores?: [num], margins?: [num | [num | "        \
    "[num]]], leaves?: [int | [int]] (the leaf of each tree), targets?: [text], "             \
    "warnings?: [Fault] (values outside of what training saw), model: text, version: int"

#define CLASS_QUALITY                                                                      \
    "{label: text, rows: int, predicted: int, precision: num | null, recall: num | null, " \
    "f1: num | null}"

#define DRIFT_PART                                                                            \
    "{name: text, state: 'stable' | 'shifted' | 'drifted' | 'too few rows' | 'no baseline', " \
    "psi: num | null, by_chance: num | null, rows: int}"

#define COMPARED \
    "{value?: num | null, label?: text | null, probabilities?: [num], scores?: [num]}"

#define COMPARED_QUALITY                                                                   \
    "{accuracy?: num | null, f1_macro?: num | null, log_loss?: num | null, right_alone?: " \
    "int, r2?: num | null, mae?: num | null, rmse?: num | null}"

static const struct openapi_shape shapes[] = {
    {"Health", "{status: 'healthy' | 'alive' | 'ready', timestamp: time, version: text}"},
    {"Problem",
     "{type: text, title: text, status: int, error: text (a word for programs; a sentence from "
     "the routes of other servers' protocols), error_description?: text, error_code?: text, "
     "message?: text, detail: text, errors?: [Fault] (of a 422), violated-policies?: [text] "
     "(of a 429), request_id: text, timestamp: time} (RFC 9457 problem details)"},
    {"Fault", "{field: text, problem: text, allowed: text}"},
    {"Tokens",
     "{access_token: text, token_type: 'bearer', expires_in: int (seconds), refresh_token: "
     "text (holds once)} (RFC 6749, section 5.1)"},
    {"LoginTokens",
     "{token: text, token_type: 'bearer', expires_in: int (seconds), refresh_token: text "
     "(holds once)}"},
    {"User", "{" USER_MEMBERS "}"},
    {"Key", "{" KEY_MEMBERS "}"},
    {"CreatedKey", "{" KEY_MEMBERS ", key: text (the key itself, which is shown this once)}"},
    {"Invitation", "{" INVITATION_MEMBERS "}"},
    {"CreatedInvitation",
     "{" INVITATION_MEMBERS ", invitation: text (for the address of the setup page, behind the "
     "#; it is shown this once)}"},
    {"Standing",
     "{name: text (the policy: 60s, day or month), limit: int, remaining: int, reset_seconds: "
     "int}"},
    {"Call",
     "{request_id: text, started_at: time, duration_us: int, key: text | null, user: text | "
     "null, model: text | null, version: int | null, route: text | null, rows: int, charged: "
     "int, status: int, address: text | null}"},
    {"Usage",
     "{key: text | null, day: text, model: text | null, calls: int, rows: int, charged: int, "
     "failed: int}"},
    {"Totals", "{calls: int, rows: int, charged: int, failed: int, mean_ms: num | null}"},
    {"ModelState", "{name: text, version: int, state: 'ready' | 'unavailable'}"},
    {"Model",
     "{name: text, version: int, default: bool, state: 'ready' | 'unavailable', published_at: "
     "time, task?: 'classify' | 'regress' | 'anomaly', trees?: int, nodes?: int, depth?: int, "
     "bytes?: int, sha256?: text, input?: 'features' | 'text', features?: [Feature], classes?: "
     "[text], thresholds?: [num], targets?: [{name: text | null, classes?: [text]}], "
     "training?: {source: text, date: time | null, data_sha256: text | null, rows: int, seed: "
     "int, max_features: int, max_depth: int, min_samples_leaf: int, metric: 'accuracy' | 'r2' "
     "| null, oob_score: num | null, oob_rows: int}, baseline_rows?: int, explainable?: bool, "
     "examples?: [{name: "
     "text, features?: [num | text | bool | null], text?: text}] (rows to try), schema?: {*: "
     "any} (of a body of POST /models/{name}/predict, as JSON Schema)}"},
    {"Feature",
     "{name: text, type: 'real' | 'integer' | 'boolean' | 'category', values?: [text] (of a "
     "category), min: num | null (what training saw), max: num | null, missing: bool (whether "
     "null is taken), importance: num | null}"},
    {"Prediction",
     "{" PREDICTION_MEMBERS
     ", margin?: num | [num] (what the trees sum to)} (single values for one row; lists, one "
     "for each row, for instances)"},
    {"Explanation",
     "{" PREDICTION_MEMBERS
     ", margin?: num, target?: int, class?: int (the class that is explained), bias?: num (the "
     "mean over the training rows), contributions?: {*: num} | [[num | [num]]] (what each "
     "feature adds: by name, or for instances a list for each, in the order of features), "
     "explanations?: [RowExplanation] (the "
     "same for each class or value where all are explained), features?: [text], "
     "classes?: [int | [int]], biases?: [num | [num]]} (the prediction and how its margin "
     "comes about: bias and contributions sum to the margin)"},
    {"RowExplanation",
     "{target?: int, class?: int, margin: num, bias: num, contributions: {*: num}}"},
    {"V2Tensor", "{name: text, datatype: text, shape: [int]}"},
    {"V2Configured", "{name: text, data_type: text, dims: [int]}"},
    {"V2Duration", "{count: int, ns: int}"},
    {"V2Stats",
     "{model_stats: [{name: text, version: text, last_inference: int (milliseconds since "
     "1970), inference_count: int (rows), execution_count: int, inference_stats: {success: "
     "V2Duration, fail: V2Duration, queue: V2Duration, compute_input: V2Duration, "
     "compute_infer: V2Duration, compute_output: V2Duration, cache_hit: V2Duration, "
     "cache_miss: V2Duration}, batch_stats: [any]}]}"},
    {"V1Tensor",
     "{dtype: text, tensor_shape: {dim: [{size: text, name: text}], unknown_rank: bool}, name: "
     "text}"},
    {"V1Signature", "{inputs: {*: V1Tensor}, outputs: {*: V1Tensor}, method_name: text}"},
    {"QualityPart",
     "{version: int, begin?: time, rows: int, rows_with_truth: int, targets: [Quality], "
     "drift?: {features: [" DRIFT_PART "], answers: [" DRIFT_PART "]}}"},
    {"Quality",
     "{target: text | null, rows: int, r2?: num | null, mae?: num | null, rmse?: num | null, "
     "bias?: num | null, accuracy?: num | null, f1_macro?: num | null, f1_micro?: num | null, "
     "f1_weighted?: num | null, log_loss?: num | null, brier?: num | null, calibration?: "
     "{error: num | null, bins: [{from: num, to: num, rows: int, predicted: num | null, "
     "observed: num | null}]}, classes?: [" CLASS_QUALITY "], confusion?: [[int]] (a row for "
     "each true class, and in it a number for each that was answered)}"},
    {"Job",
     "{account?: text (whose it is; to administrators), " OPENAPI_JOB ", version: int | null "
     "(that answered), kind: 'json' | 'csv' | 'npy' (as what the rows came), started_at: time "
     "| null, ended_at: time | null, expires_at: time | null, attempts: int (that came to an "
     "end), rows: int | null, progress: {rows: int | null, rows_done: int, rows_per_s: int, "
     "seconds_left: int | null} | null (of one in work), result_label: text | null (of a "
     "single row), result_score: num | null (the label's probability, or the value), "
     "result_bytes: int | null, result_type: text, code: int | null (of one that failed the "
     "status that the prediction would have had), reason: text | null (why it, or its last "
     "attempt, failed), result?: Prediction | null (of a job of JSON that is completed; not "
     "in lists)}"},
    {"JobTaken", "{" OPENAPI_JOB "}"},
    {"Keep", "{rate: text, days: int} | null (how much is kept of what a model is asked)"},
    {"Version", "{" VERSION_MEMBERS "}"},
    {"VersionDone",
     "{name: text, " VERSION_MEMBERS ", serving: int | null (the version that serves now), "
     "canary_retired: int | null, shadow_retired: int | null}"},
    {"Comparison",
     "{a: {model: text, sha256: text}, b: {model: text, sha256: text}, rows: int, agree: int, "
     "differ: int, compared: 'value' | 'probability' | 'score', apart_most: num | null, "
     "apart_mean: num | null, confusion?: [{a: text | null, b: text | null, rows: int}], "
     "truth?: {target: text, rows: int, a: " COMPARED_QUALITY ", b: " COMPARED_QUALITY "}, "
     "rows_that_differ: [{line: int, a: " COMPARED ", b: " COMPARED ", apart: num | null}]}"},
};

size_t openapi_shape_count(void)
{
    return sizeof(shapes) / sizeof(shapes[0]);
}

const struct openapi_shape *openapi_shape_at(size_t i)
{
    return &shapes[i];
}
