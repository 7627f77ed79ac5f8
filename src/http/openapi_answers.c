/*
 * openapi_answers.c: what each operation answers with when it goes well.  A route without a row
 * here, but one that answers nothing, fails a test, and so does an answer that is other than
 * it is said to be here.
 *
 * The notation of the shapes is shape.h's; a name with a capital is a row of
 * openapi_shapes.c.  An operation has a row for each type that it may answer with.
 */
#include <string.h>

#include "http/openapi_inner.h"

#define JSON "application/json"
#define HTML "text/html"
#define CSV  "text/csv"
#define NPY  "application/x-npy"
#define JOSE "application/jose"

/* What a list by pages has beside its rows. */
#define PAGE "total: int, limit: int, offset: int"

static const struct openapi_answer answers[] = {
    {"welcome", JSON,
     "{message: text, version: text, routes: [{method: text, path: text, credential: 'none' | "
     "'optional' | 'key' | 'user' | 'login', scope: text | null, summary: text}]}"},
    {"welcome", HTML, "text"},
    {"health", JSON, "Health"},
    {"live", JSON, "Health"},
    {"ready", JSON, "Health"},
    {"openapi", JSON, "{*: any} (an OpenAPI document)"},
    {"accountPage", HTML, "text"},
    {"adminPage", HTML, "text"},
    {"setupPage", HTML, "text"},
    {"reference", HTML, "text"},
    {"docs", HTML, "text"},
    {"docsFile", "text/css", "text"},
    {"docsFile", "text/javascript", "text"},
    {"pageFile", "text/css", "text"},
    {"pageFile", "text/javascript", "text"},
    {"pageFile", "image/svg+xml", "text"},

    {"createAccount", JSON, "User"},
    {"token", JSON, "Tokens"},
    {"login", JSON, "LoginTokens"},
    {"protected", JSON,
     "{way: 'key' | 'token' | 'outside', key: text | null (the id of the key), "
     "masked_key: text | null, user: text | null (the id of the user), username: text | null, "
     "role: 'user' | 'admin' | null, scopes: text, models: text, tier: text | null}"},
    {"status", JSON,
     "{status: 'healthy', version: text, timestamp: time, interface: 'fastcgi' | 'cgi', "
     "authentication: {authenticated: bool, ways: [text], token_url: text (path from the root "
     "of the server), registration: 'open' | 'invitation' | 'closed'}, "
     "models?: [ModelState] (those that the caller may use), limits?: [Standing]}"},
    {"healthDetailed", JSON,
     "{status: 'healthy' | 'degraded', version: text, timestamp: time, uptime_seconds: int, "
     "database: {schema: int, writable: bool}, ledger: {waiting: int (calls that are not in "
     "the call log yet), room: int, in_hand: int}, keys: {sealing: bool, token: bool}, "
     "models: [ModelState], disk: {total_bytes: int, free_bytes: int} | null, "
     "workers?: {alive: int, busy: int} (to administrators), "
     "jobs?: {open: int, kept: int, bytes: int, runners: int} | null (to administrators), "
     "sandbox?: {state: 'whole' | 'partial' | 'off', system_calls: bool, files: bool, "
     "landlock: int} (to administrators)}"},
    {"test", JSON,
     "{success: bool (whether all were made in time), test_id: text, test_name: text, "
     "received_data: {test_name: text, iterations: int, timeout: num}, timestamp: time, "
     "model: text, version: int, iterations_done: int, times_us: {total: num, "
     "mean: num | null, min: num | null, max: num | null, p50: num | null, "
     "p99: num | null} (microseconds)}"},

    {"me", JSON, "User"},
    {"setMe", JSON, "User"},
    {"mySessions", JSON,
     "{sessions: [{id: text, created_at: time, expires_at: time, used_at: time | null, "
     "address: text | null, current: bool (whether it is the caller's)}]}"},
    {"myCalls", JSON,
     "{calls: [Call], next: int | null (what to give as before for the next page), "
     "totals: Totals | null}"},
    {"myCalls", CSV, "text"},
    {"myUsage", JSON, "{usage: [Usage], limits: [Standing]}"},
    {"myKeys", JSON, "{keys: [Key]}"},
    {"createMyKey", JSON, "CreatedKey"},
    {"myKey", JSON, "Key"},
    {"rotateMyKey", JSON, "CreatedKey"},
    {"secureData", JSON, "{encrypted_data: text (a compact JWE)}"},
    {"decrypt", JSON, "{decrypted_data: any (what was sealed)}"},

    {"predict", JSON, "Prediction"},
    {"predict", JOSE, "text"},
    {"predict", CSV, "text"},
    {"predict", NPY, "bytes"},
    {"predictWith", JSON, "Prediction"},
    {"predictWith", JOSE, "text"},
    {"predictWith", CSV, "text"},
    {"predictWith", NPY, "bytes"},
    {"explain", JSON, "Explanation"},
    {"explain", JOSE, "text"},
    {"draw", "image/svg+xml", "text"},
    {"feedback", JSON,
     "{request_id: text, job_uuid: text | null, model: text, version: int, rows: int, "
     "kept: int (of the rows the first ones), with_truth: int (of those whose truth is "
     "known)}"},
    {"models", JSON,
     "{models: [{name: text, version: int, default: bool, state: 'ready' | 'unavailable', "
     "published_at: time, task?: 'classify' | 'regress' | 'anomaly'}]}"},
    {"model", JSON, "Model"},
    {"modelQuality", JSON,
     "{model: text, since: time | null, until: time | null, rows: int, complete: bool (whether "
     "all rows were read), damaged: int, parts: [QualityPart]}"},

    {"listJobs", JSON,
     "{jobs: [Job], limit: int, next: text | null (what to give as before for the next "
     "page)}"},
    {"createJob", JSON, "JobTaken"},
    {"webhookSecret", JSON, "{secret: text}"},
    {"getJob", JSON, "Job"},
    {"getJob", JOSE, "text"},
    {"getJobResult", JSON, "Prediction"},
    {"getJobResult", JOSE, "text"},
    {"getJobResult", CSV, "text"},
    {"getJobResult", NPY, "bytes"},

    {"listUsers", JSON, "{users: [User], " PAGE "}"},
    {"createUser", JSON, "User | CreatedInvitation"},
    {"getUser", JSON, "User"},
    {"setUser", JSON, "User"},
    {"listInvitations", JSON, "{invitations: [Invitation], " PAGE "}"},
    {"invite", JSON, "CreatedInvitation"},
    {"listKeys", JSON, "{keys: [Key], " PAGE "}"},
    {"createKey", JSON, "CreatedKey"},
    {"getKey", JSON, "Key"},
    {"setKey", JSON, "Key"},
    {"rotateKey", JSON, "CreatedKey"},
    {"listTiers", JSON,
     "{tiers: [{name: text, limits: text (100/60s,10000/day), price: 'call' | 'row', shadow: "
     "bool, keys: int (how many have it)}], " PAGE "}"},
    {"setTier", JSON, "{name: text, limits: text, price: 'call' | 'row', shadow: bool}"},
    {"listVersions", JSON,
     "{models: [{name: text, keep: Keep, versions: [Version]}], " PAGE "}"},
    {"publishVersion", JSON, "VersionDone"},
    {"promoteVersion", JSON, "VersionDone"},
    {"rollBack", JSON, "VersionDone"},
    {"retireVersion", JSON, "VersionDone"},
    {"compareVersions", JSON, "Comparison"},
    {"setKeep", JSON, "{name: text, keep: Keep}"},
    {"exportKept", CSV, "text"},
    {"listCalls", JSON,
     "{calls: [Call], next: int | null (what to give as before for the next page), limit: int, "
     "totals: Totals | null}"},
    {"listCalls", CSV, "text"},
    {"getUsage", JSON,
     "{usage: [Usage], totals: Totals, since: time | null, until: time | null, " PAGE "}"},
    {"getLatency", JSON,
     "{latency: [{at: time, calls: int, mean_ms: num | null, p50_ms: num | null, "
     "p90_ms: num | null, p99_ms: num | null, max_ms: num | null}], " OPENAPI_SPAN "}"},
    {"getOutcomes", JSON,
     "{outcomes: [{at: time, calls: int, counts: {*: int}, others: int}], by: text, "
     "names: [text], " OPENAPI_SPAN "}"},
    {"listAudit", JSON,
     "{audit: [{seq: int, at: time, actor: text | null, actor_name: text | null, action: text, "
     "target: text, before: {*: any} | null, after: {*: any} | null, address: text | null, "
     "request_id: text | null}], limit: int, next: int | null (what to give as before for the "
     "next page)}"},
    {"checkAudit", JSON,
     "{proved: bool, rows: int, wrong: int, lost: int, problem: text | null}"},
    {"metrics", "text/plain", "text"},
    {"metrics", "application/openmetrics-text", "text"},

    {"v2Server", JSON, "{name: text, version: text, extensions: [text]}"},
    {"v2Live", JSON, "{live: bool}"},
    {"v2Ready", JSON, "{live: bool, ready: bool}"},
    {"v2Models", JSON, "{models: [text]}"},
    {"v2AllStats", JSON, "V2Stats"},
    {"v2Model", JSON,
     "{name: text, versions: [text], platform: text, inputs: [V2Tensor], outputs: [V2Tensor], "
     "properties: {task: text, features?: text (the names as a list in JSON), sha256: text}}"},
    {"v2ModelReady", JSON, "{name: text, ready: bool}"},
    {"v2ModelConfig", JSON,
     "{name: text, platform: text, backend: text, max_batch_size: int, input: "
     "[V2Configured], output: [V2Configured]}"},
    {"v2ModelStats", JSON, "V2Stats"},
    {"v2Infer", JSON,
     "{id?: text, model_name: text, model_version: text, outputs: [{name: 'predict' | "
     "'predict_proba', datatype: text, shape: [int], data: [num | text | bool | null]}]}"},
    {"v2Infer", "application/octet-stream",
     "bytes (JSON, and behind it the outputs that were asked for as bytes)"},
    {"v2Index", JSON,
     "[{name: text, version: text, state: 'READY' | 'UNAVAILABLE', reason: text}]"},
    {"v2Load", JSON, "{*: any}"},
    {"v2Unload", JSON, "{*: any}"},
    {"v1Models", JSON, "{models: [text]}"},
    {"v1Model", JSON,
     "{name: text, ready: bool, model_version_status: [{version: text, state: text, status: "
     "{error_code: text, error_message: text}}]}"},
    {"v1Metadata", JSON,
     "{model_spec: {name: text, signature_name: text, version: text}, metadata: "
     "{signature_def: {signature_def: {*: V1Signature}}}}"},
    {"v1Predict", JSON,
     "{predictions?: [any] (to instances, one for each row), outputs?: [any] (to inputs)}"},
    {"v1Predict", JOSE, "text"},
    {"v1Explain", JSON,
     "{predictions: [any], explanations: [RowExplanation | [RowExplanation]]}"},
    {"v1Explain", JOSE, "text"},
    {"v1Classify", JSON,
     "{results: [[[text | num]]] (for each row pairs of a label and its "
     "probability)}"},
    {"v1Classify", JOSE, "text"},
    {"v1Regress", JSON, "{results: [num | [num]]}"},
    {"v1Regress", JOSE, "text"},
    {"ping", "text/plain", "text"},
    {"version", "text/plain", "text"},
    {"invocations", JSON, "{predictions: [any] (one for each row)}"},
    {"invocations", CSV, "text"},
    {"invocations", JOSE, "text"},
    {"endpointInvocations", JSON, "{predictions: [any] (one for each row)}"},
    {"endpointInvocations", CSV, "text"},
    {"endpointInvocations", JOSE, "text"},
    {"huggingFace", JSON, "[any] (one for each row of a table, or each text)"},
    {"huggingFace", JOSE, "text"},
};

size_t openapi_answer_count(void)
{
    return sizeof(answers) / sizeof(answers[0]);
}

const struct openapi_answer *openapi_answer_at(size_t i)
{
    return &answers[i];
}

bool openapi_is_called(const char *operation, const char *name)
{
    static const char version[] = "Version";
    size_t len = 0;

    while (name[len] != '\0' && name[len] == operation[len])
        len++;
    if (strncmp(operation + len, version, sizeof(version) - 1) == 0)
        operation += sizeof(version) - 1;
    return strcmp(operation + len, name + len) == 0;
}

bool openapi_answer_is_of(const struct openapi_answer *answer, const struct route *route)
{
    return openapi_is_called(route->operation, answer->operation);
}
