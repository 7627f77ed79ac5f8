/*
 * route.c: the table of routes.  To add one, add a row and its handler.
 */
#include "http/route.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "http/admin.h"
#include "http/handle_admin.h"
#include "http/handlers.h"

static const struct route routes[] = {
    {REQUEST_GET, "/", ROUTE_OPEN, handle_welcome, "welcome",
     .summary = "What this is, and its routes; a page for a browser"},
    {REQUEST_GET, "/health", ROUTE_OPEN, handle_health, "health",
     .summary = "Whether the service is well", .uncounted = true},
    {REQUEST_GET, "/health/live", ROUTE_OPEN, handle_live, "live",
     .summary = "Whether the process answers", .uncounted = true},
    {REQUEST_GET, "/health/ready", ROUTE_OPEN, handle_ready, "ready",
     .summary = "Whether predictions can be served", .uncounted = true},
    {REQUEST_GET, "/metrics", ROUTE_OPTIONAL, handle_metrics, "metrics",
     .summary = "What is counted and measured, for Prometheus", .scope = KEY_SCOPE_METRICS},
    {REQUEST_GET, "/openapi.json", ROUTE_OPTIONAL, handle_openapi, "openapi",
     .summary = "This interface as OpenAPI 3.1; to a caller with the models"},
    {REQUEST_GET, "/account", ROUTE_OPEN, handle_page, "accountPage",
     .summary = "The page of one's keys, calls and jobs", .uncounted = true},
    {REQUEST_GET, "/admin", ROUTE_OPEN, handle_page, "adminPage",
     .summary = "The page of administration", .uncounted = true},
    {REQUEST_GET, "/setup", ROUTE_OPEN, handle_page, "setupPage",
     .summary = "The page on which an invitation becomes an account", .uncounted = true},
    {REQUEST_GET, "/docs", ROUTE_OPEN, handle_docs, "docs",
     .summary =
         "A page to try this interface out on; the reference, where that is not built in",
     .uncounted = true},
    {REQUEST_GET, "/docs/{file}", ROUTE_OPEN, handle_page, "docsFile",
     .summary = "What that page is made of", .uncounted = true},
    {REQUEST_GET, "/redoc", ROUTE_OPEN, handle_reference, "reference",
     .summary = "This interface as a page to read, without scripts"},
    {REQUEST_GET, "/ui/{file}", ROUTE_OPEN, handle_page, "pageFile",
     .summary = "What the pages are made of: style sheet and scripts", .uncounted = true},
    {REQUEST_POST, "/auth/create", ROUTE_OPEN, handle_create, "createAccount",
     .summary = "Register, or make the account that an invitation is for",
     .body = ROUTE_BODY_JSON, .form = &form_create, .good = REPLY_CREATED},
    {REQUEST_POST, "/auth/token", ROUTE_OPEN, handle_token, "token",
     .summary = "Log in or go on with a session, by OAuth 2: access and refresh tokens",
     .body = ROUTE_BODY_OAUTH, .form = &form_token},
    {REQUEST_POST, "/login", ROUTE_OPEN, handle_login, "login", .summary = "Log in with JSON",
     .body = ROUTE_BODY_JSON, .form = &form_login},
    {REQUEST_POST, "/auth/logout", ROUTE_LOGIN, handle_logout, "logout",
     .summary = "End this session, or all of the user's", .body = ROUTE_BODY_JSON,
     .form = &form_logout, .good = REPLY_NO_CONTENT},
    {REQUEST_GET, "/protected", ROUTE_CALLER, handle_protected, "protected",
     .summary = "Who calls, and what that one may"},
    {REQUEST_GET, "/api/status", ROUTE_OPTIONAL, handle_status, "status",
     .summary = "What is offered; to a caller also the models and limits"},
    {REQUEST_POST, "/api/test", ROUTE_CALLER, handle_test, "test",
     .summary = "Run predictions of the default model, and say how long they took",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_JSON, .form = &form_test, .metered = true},
    {REQUEST_GET, "/health/detailed", ROUTE_CALLER, handle_health_detailed, "healthDetailed",
     .summary = "How the parts of the service are", .scope = KEY_SCOPE_READ},
    {REQUEST_GET, "/users/me", ROUTE_OWNER, handle_me, "me", .summary = "The user who calls",
     .scope = KEY_SCOPE_READ},
    {REQUEST_PUT, "/users/me", ROUTE_LOGIN, handle_me_set, "setMe",
     .summary = "Change one's names and country", .body = ROUTE_BODY_JSON,
     .form = &form_profile},
    {REQUEST_PUT, "/users/me/password", ROUTE_LOGIN, handle_me_password, "setMyPassword",
     .summary = "Change one's password; other sessions end", .body = ROUTE_BODY_JSON,
     .form = &form_password, .good = REPLY_NO_CONTENT},
    {REQUEST_GET, "/users/me/sessions", ROUTE_LOGIN, handle_me_sessions, "mySessions",
     .summary = "Where the user is logged in"},
    {REQUEST_DELETE, "/users/me/sessions/{id}", ROUTE_LOGIN, handle_me_session_end,
     "endMySession", .summary = "Log out there", .good = REPLY_NO_CONTENT},
    {REQUEST_GET, "/users/me/calls", ROUTE_OWNER, handle_me_calls, "myCalls",
     .summary = "The user's calls, newest first, and totals", .scope = KEY_SCOPE_READ,
     .query = &form_my_calls},
    {REQUEST_GET, "/users/me/usage", ROUTE_OWNER, handle_me_usage, "myUsage",
     .summary = "Sums by day and model, and what the limits leave", .scope = KEY_SCOPE_READ,
     .query = &form_my_usage},
    {REQUEST_GET, "/users/me/keys", ROUTE_OWNER, handle_me_keys, "myKeys",
     .summary = "The user's keys, masked", .scope = KEY_SCOPE_READ, .query = &form_my_keys},
    {REQUEST_POST, "/users/me/keys", ROUTE_LOGIN, handle_me_key_create, "createMyKey",
     .summary = "Make a key, which is shown this once", .body = ROUTE_BODY_JSON,
     .form = &form_my_key, .good = REPLY_CREATED},
    {REQUEST_GET, "/users/me/keys/{id}", ROUTE_OWNER, handle_me_key, "myKey",
     .summary = "One key of the user", .scope = KEY_SCOPE_READ},
    {REQUEST_DELETE, "/users/me/keys/{id}", ROUTE_LOGIN, handle_me_key_revoke, "revokeMyKey",
     .summary = "Revoke a key, at once and for good", .good = REPLY_NO_CONTENT},
    {REQUEST_POST, "/users/me/keys/{id}/rotate", ROUTE_LOGIN, handle_me_key_rotate,
     "rotateMyKey", .summary = "Give a key a new secret, which is shown this once",
     .body = ROUTE_BODY_JSON, .form = &form_rotate},
    {REQUEST_GET, "/secure-data", ROUTE_CALLER, handle_secure_data, "secureData",
     .summary = "The caller's profile, keys, limits and usage, sealed",
     .scope = KEY_SCOPE_READ},
    {REQUEST_POST, "/decrypt", ROUTE_CALLER, handle_decrypt, "decrypt",
     .summary = "Open what was sealed for the caller", .scope = KEY_SCOPE_READ,
     .body = ROUTE_BODY_SEALED, .form = &form_decrypt},
    {REQUEST_POST, "/predict", ROUTE_CALLER, handle_predict, "predict",
     .summary = "Predict with the default model, or the one that the body names",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_PREDICT, .bulk = &form_bulk,
     .metered = true, .defers = ROUTE_DEFERS_PREFERRED, .replays = true},
    {REQUEST_POST, "/feedback", ROUTE_CALLER, handle_feedback, "feedback",
     .summary = "Tell what was true of a prediction that was kept", .scope = KEY_SCOPE_PREDICT,
     .body = ROUTE_BODY_FEEDBACK},
    {REQUEST_GET, "/models", ROUTE_CALLER, handle_models, "models",
     .summary = "The published models that the key may use", .scope = KEY_SCOPE_READ},
    {REQUEST_GET, "/models/{name}", ROUTE_CALLER, handle_model, "model",
     .summary = "One model: its features, classes and facts", .scope = KEY_SCOPE_READ,
     .of_model = true},
    {REQUEST_GET, "/models/{name}/quality", ROUTE_CALLER, handle_quality, "modelQuality",
     .summary = "How good a model's kept answers were, and how far its rows have drifted",
     .scope = KEY_SCOPE_READ, .query = &form_quality, .of_model = true},
    {REQUEST_POST, "/models/{name}/predict", ROUTE_CALLER, handle_predict, "predictWith",
     .summary = "Predict with this model", .scope = KEY_SCOPE_PREDICT,
     .body = ROUTE_BODY_PREDICT, .bulk = &form_bulk, .of_model = true, .metered = true,
     .defers = ROUTE_DEFERS_PREFERRED, .replays = true},
    {REQUEST_POST, "/models/{name}/explain", ROUTE_CALLER, handle_explain, "explain",
     .summary = "Predict with this model, and tell what each feature adds",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_EXPLAIN, .of_model = true, .metered = true,
     .replays = true},
    {REQUEST_POST, "/models/{name}/draw", ROUTE_CALLER, handle_draw, "draw",
     .summary = "One tree of this model with the row's way lit, as SVG",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_ROW, .query = &form_draw, .of_model = true,
     .metered = true},
    {REQUEST_GET, "/v1/models", ROUTE_CALLER, handle_v1_models, "v1Models",
     .summary = "The names of the models that the key may use, as KServe v1 lists them",
     .scope = KEY_SCOPE_READ},
    {REQUEST_GET, "/v1/models/{name}", ROUTE_CALLER, handle_v1_model, "v1Model",
     .summary = "Whether a model is ready, for KServe v1 and TensorFlow Serving",
     .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_GET, "/v1/models/{name}/metadata", ROUTE_CALLER, handle_v1_metadata, "v1Metadata",
     .summary = "The signatures of a model, as TensorFlow Serving has them",
     .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_POST, "/v1/models/{name}:predict", ROUTE_CALLER, handle_predict, "v1Predict",
     .summary = "Predict with this model, by KServe v1 or TensorFlow Serving",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_v1,
     .of_model = true, .metered = true, .replays = true},
    {REQUEST_POST, "/v1/models/{name}:explain", ROUTE_CALLER, handle_explain, "v1Explain",
     .summary = "The same by KServe v1, and what each feature adds", .scope = KEY_SCOPE_PREDICT,
     .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_v1_explain, .of_model = true,
     .metered = true, .replays = true},
    {REQUEST_POST, "/v1/models/{name}:classify", ROUTE_CALLER, handle_predict, "v1Classify",
     .summary = "The classes of this model with their probabilities, by TensorFlow Serving",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_classify,
     .of_model = true, .metered = true, .replays = true},
    {REQUEST_POST, "/v1/models/{name}:regress", ROUTE_CALLER, handle_predict, "v1Regress",
     .summary = "The values of this model, by TensorFlow Serving", .scope = KEY_SCOPE_PREDICT,
     .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_regress, .of_model = true,
     .metered = true, .replays = true},
    {REQUEST_GET, "/v1/models/{name}/versions/{version}", ROUTE_CALLER, handle_v1_model,
     "v1ModelVersion",
     .summary = "Whether one version of a model is ready, for KServe v1 and TensorFlow Serving",
     .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_GET, "/v1/models/{name}/versions/{version}/metadata", ROUTE_CALLER,
     handle_v1_metadata, "v1MetadataVersion",
     .summary = "The signatures of one version of a model, as TensorFlow Serving has them",
     .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_POST, "/v1/models/{name}/versions/{version}:predict", ROUTE_CALLER, handle_predict,
     "v1PredictVersion",
     .summary = "Predict with this version, by KServe v1 or TensorFlow Serving",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_v1,
     .of_model = true, .metered = true, .replays = true},
    {REQUEST_POST, "/v1/models/{name}/versions/{version}:explain", ROUTE_CALLER, handle_explain,
     "v1ExplainVersion", .summary = "The same by KServe v1, and what each feature adds",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_v1_explain,
     .of_model = true, .metered = true, .replays = true},
    {REQUEST_POST, "/v1/models/{name}/versions/{version}:classify", ROUTE_CALLER,
     handle_predict, "v1ClassifyVersion",
     .summary = "The classes of this version with their probabilities, by TensorFlow Serving",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_classify,
     .of_model = true, .metered = true, .replays = true},
    {REQUEST_POST, "/v1/models/{name}/versions/{version}:regress", ROUTE_CALLER, handle_predict,
     "v1RegressVersion", .summary = "The values of this version, by TensorFlow Serving",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_regress,
     .of_model = true, .metered = true, .replays = true},
    {REQUEST_GET, "/ping", ROUTE_OPEN, handle_ping, "ping",
     .summary = "Whether the default model can be asked, for MLflow and SageMaker",
     .uncounted = true},
    {REQUEST_GET, "/version", ROUTE_OPEN, handle_version, "version",
     .summary = "The version of this program, where MLflow has its own"},
    {REQUEST_POST, "/invocations", ROUTE_CALLER, handle_predict, "invocations",
     .summary = "Predict with the default model, by MLflow or SageMaker",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_FRAME, .protocol = &protocol_invocations,
     .query = &form_invocations, .bulk = &form_invocations, .metered = true, .replays = true},
    {REQUEST_POST, "/endpoints/{name}/invocations", ROUTE_CALLER, handle_predict,
     "endpointInvocations", .summary = "Predict with this model, by SageMaker's runtime",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_FRAME, .protocol = &protocol_invocations,
     .query = &form_invocations, .bulk = &form_invocations, .of_model = true, .metered = true,
     .replays = true},
    {REQUEST_POST, "/hf/models/{name}", ROUTE_CALLER, handle_predict, "huggingFace",
     .summary = "Predict a table or texts with this model, by Hugging Face's client",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_PROTOCOL, .protocol = &protocol_hf,
     .of_model = true, .metered = true, .replays = true},
    {REQUEST_GET, "/v2", ROUTE_OPEN, handle_v2_server, "v2Server",
     .summary = "Open Inference Protocol: what the server is", .uncounted = true},
    {REQUEST_GET, "/v2/health/live", ROUTE_OPEN, handle_v2_live, "v2Live",
     .summary = "Whether the process answers", .uncounted = true},
    {REQUEST_GET, "/v2/health/ready", ROUTE_OPEN, handle_v2_ready, "v2Ready",
     .summary = "Whether inferences can be served", .uncounted = true},
    {REQUEST_GET, "/v2/models", ROUTE_CALLER, handle_v2_models, "v2Models",
     .summary = "The names of the models that the key may use", .scope = KEY_SCOPE_READ},
    {REQUEST_GET, "/v2/models/stats", ROUTE_CALLER, handle_v2_stats, "v2AllStats",
     .summary = "What each version of those was asked in all", .scope = KEY_SCOPE_READ},
    {REQUEST_GET, "/v2/models/{name}", ROUTE_CALLER, handle_v2_model, "v2Model",
     .summary = "The tensors that a model takes and gives", .scope = KEY_SCOPE_READ,
     .of_model = true},
    {REQUEST_GET, "/v2/models/{name}/ready", ROUTE_CALLER, handle_v2_model_ready,
     "v2ModelReady", .summary = "Whether a model can be asked", .scope = KEY_SCOPE_READ,
     .of_model = true},
    {REQUEST_GET, "/v2/models/{name}/config", ROUTE_CALLER, handle_v2_config, "v2ModelConfig",
     .summary = "The same as Triton's configuration", .scope = KEY_SCOPE_READ,
     .of_model = true},
    {REQUEST_GET, "/v2/models/{name}/stats", ROUTE_CALLER, handle_v2_stats, "v2ModelStats",
     .summary = "What a model was asked in all", .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_POST, "/v2/models/{name}/infer", ROUTE_CALLER, handle_v2_infer, "v2Infer",
     .summary = "Predict rows that come as tensors, with a model", .scope = KEY_SCOPE_PREDICT,
     .body = ROUTE_BODY_TENSORS, .of_model = true, .metered = true},
    {REQUEST_GET, "/v2/models/{name}/versions/{version}", ROUTE_CALLER, handle_v2_model,
     "v2ModelVersion", .summary = "The tensors that a version takes and gives",
     .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_GET, "/v2/models/{name}/versions/{version}/ready", ROUTE_CALLER,
     handle_v2_model_ready, "v2ModelReadyVersion", .summary = "Whether a version can be asked",
     .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_GET, "/v2/models/{name}/versions/{version}/config", ROUTE_CALLER, handle_v2_config,
     "v2ModelConfigVersion", .summary = "The same as Triton's configuration",
     .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_GET, "/v2/models/{name}/versions/{version}/stats", ROUTE_CALLER, handle_v2_stats,
     "v2ModelStatsVersion", .summary = "What a version was asked in all",
     .scope = KEY_SCOPE_READ, .of_model = true},
    {REQUEST_POST, "/v2/models/{name}/versions/{version}/infer", ROUTE_CALLER, handle_v2_infer,
     "v2InferVersion", .summary = "Predict rows that come as tensors, with a version",
     .scope = KEY_SCOPE_PREDICT, .body = ROUTE_BODY_TENSORS, .of_model = true, .metered = true},
    {REQUEST_POST, "/v2/repository/index", ROUTE_CALLER, handle_v2_index, "v2Index",
     .summary = "All versions, and whether they answer", .scope = KEY_SCOPE_ADMIN,
     .body = ROUTE_BODY_JSON, .form = &form_v2_index},
    {REQUEST_POST, "/v2/repository/models/{name}/load", ROUTE_CALLER, handle_v2_load, "v2Load",
     .summary = "Have a model that was unloaded serve again", .scope = KEY_SCOPE_ADMIN,
     .body = ROUTE_BODY_JSON, .form = &form_v2_change},
    {REQUEST_POST, "/v2/repository/models/{name}/unload", ROUTE_CALLER, handle_v2_unload,
     "v2Unload", .summary = "Withdraw a model: nothing answers by it, and all is kept",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_JSON, .form = &form_v2_change},
    {REQUEST_GET, "/jobs", ROUTE_CALLER, handle_jobs, "listJobs",
     .summary = "The caller's jobs, newest first", .scope = KEY_SCOPE_JOBS,
     .query = &form_jobs},
    {REQUEST_POST, "/jobs", ROUTE_CALLER, handle_job_create, "createJob",
     .summary = "Take a prediction that is made later", .scope = KEY_SCOPE_JOBS,
     .body = ROUTE_BODY_PREDICT, .bulk = &form_bulk, .good = REPLY_ACCEPTED, .metered = true,
     .replays = true, .defers = ROUTE_DEFERS_ALWAYS},
    {REQUEST_GET, "/jobs/webhook-secret", ROUTE_CALLER, handle_webhook_secret, "webhookSecret",
     .summary = "What webhooks of the caller's jobs are signed with", .scope = KEY_SCOPE_JOBS},
    {REQUEST_GET, "/jobs/{id}", ROUTE_CALLER, handle_job, "getJob",
     .summary = "What has become of a job, and its result", .scope = KEY_SCOPE_JOBS},
    {REQUEST_GET, "/jobs/{id}/result", ROUTE_CALLER, handle_job_result, "getJobResult",
     .summary = "The result alone, of its own type", .scope = KEY_SCOPE_JOBS},
    {REQUEST_DELETE, "/jobs/{id}", ROUTE_CALLER, handle_job_cancel, "cancelJob",
     .summary = "Cancel a job that has not ended", .scope = KEY_SCOPE_JOBS,
     .good = REPLY_NO_CONTENT},
    {REQUEST_GET, "/admin/users", ROUTE_CALLER, handle_admin_users, "listUsers",
     .summary = "The users, as far as they fit", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_users},
    {REQUEST_POST, "/admin/users", ROUTE_CALLER, handle_admin_user_create, "createUser",
     .summary = "Make a user who is active, or without a password an invitation",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_JSON, .form = &form_admin_user_create,
     .good = REPLY_CREATED},
    {REQUEST_GET, "/admin/users/{id}", ROUTE_CALLER, handle_admin_user, "getUser",
     .summary = "One user", .scope = KEY_SCOPE_ADMIN},
    {REQUEST_PUT, "/admin/users/{id}", ROUTE_CALLER, handle_admin_user_set, "setUser",
     .summary = "Change what is given of a user", .scope = KEY_SCOPE_ADMIN,
     .body = ROUTE_BODY_JSON, .form = &form_admin_user_set},
    {REQUEST_DELETE, "/admin/users/{id}", ROUTE_CALLER, handle_admin_user_delete, "deleteUser",
     .summary = "Delete a user, with sessions and keys", .scope = KEY_SCOPE_ADMIN,
     .good = REPLY_NO_CONTENT},
    {REQUEST_PUT, "/admin/users/{id}/password", ROUTE_CALLER, handle_admin_user_password,
     "setUserPassword", .summary = "Give a user another password, and log that one out",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_JSON, .form = &form_admin_password,
     .good = REPLY_NO_CONTENT},
    {REQUEST_DELETE, "/admin/users/{id}/sessions", ROUTE_CALLER, handle_admin_user_logout,
     "endUserSessions", .summary = "Log a user out everywhere", .scope = KEY_SCOPE_ADMIN,
     .good = REPLY_NO_CONTENT},
    {REQUEST_GET, "/admin/invitations", ROUTE_CALLER, handle_admin_invitations,
     "listInvitations", .summary = "The invitations that nobody has used",
     .scope = KEY_SCOPE_ADMIN, .query = &form_admin_page},
    {REQUEST_POST, "/admin/invitations", ROUTE_CALLER, handle_admin_invite, "invite",
     .summary = "Make an invitation; it is answered once", .scope = KEY_SCOPE_ADMIN,
     .body = ROUTE_BODY_JSON, .form = &form_admin_invite, .good = REPLY_CREATED},
    {REQUEST_DELETE, "/admin/invitations/{id}", ROUTE_CALLER, handle_admin_invitation_revoke,
     "revokeInvitation", .summary = "End an invitation", .scope = KEY_SCOPE_ADMIN,
     .good = REPLY_NO_CONTENT},
    {REQUEST_GET, "/admin/keys", ROUTE_CALLER, handle_admin_keys, "listKeys",
     .summary = "The API keys, as far as they fit", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_keys},
    {REQUEST_POST, "/admin/keys", ROUTE_CALLER, handle_admin_key_create, "createKey",
     .summary = "Make an API key; it is answered once", .scope = KEY_SCOPE_ADMIN,
     .body = ROUTE_BODY_JSON, .form = &form_admin_key_create, .good = REPLY_CREATED},
    {REQUEST_GET, "/admin/keys/{id}", ROUTE_CALLER, handle_admin_key, "getKey",
     .summary = "One API key", .scope = KEY_SCOPE_ADMIN},
    {REQUEST_PUT, "/admin/keys/{id}", ROUTE_CALLER, handle_admin_key_set, "setKey",
     .summary = "Change what is given of an API key", .scope = KEY_SCOPE_ADMIN,
     .body = ROUTE_BODY_JSON, .form = &form_admin_key_set},
    {REQUEST_DELETE, "/admin/keys/{id}", ROUTE_CALLER, handle_admin_key_revoke, "revokeKey",
     .summary = "Revoke an API key, at once and for good", .scope = KEY_SCOPE_ADMIN,
     .good = REPLY_NO_CONTENT},
    {REQUEST_POST, "/admin/keys/{id}/rotate", ROUTE_CALLER, handle_admin_key_rotate,
     "rotateKey", .summary = "Give an API key a new secret; it is answered once",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_JSON, .form = &form_admin_key_rotate},
    {REQUEST_GET, "/admin/tiers", ROUTE_CALLER, handle_admin_tiers, "listTiers",
     .summary = "The tiers and their limits", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_page},
    {REQUEST_PUT, "/admin/tiers/{name}", ROUTE_CALLER, handle_admin_tier_set, "setTier",
     .summary = "Make a tier, or put another in its place", .scope = KEY_SCOPE_ADMIN,
     .body = ROUTE_BODY_JSON, .form = &form_admin_tier, .makes = true},
    {REQUEST_DELETE, "/admin/tiers/{name}", ROUTE_CALLER, handle_admin_tier_delete,
     "deleteTier", .summary = "Delete a tier that nobody is of", .scope = KEY_SCOPE_ADMIN,
     .good = REPLY_NO_CONTENT},
    {REQUEST_GET, "/admin/models", ROUTE_CALLER, handle_admin_models, "listVersions",
     .summary = "All versions of the models, and what they do", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_models},
    {REQUEST_POST, "/admin/models/{name}/versions", ROUTE_CALLER, handle_admin_publish,
     "publishVersion", .summary = "Publish an image as the next version of a model",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_IMAGE, .query = &form_admin_publish,
     .good = REPLY_CREATED},
    {REQUEST_DELETE, "/admin/models/{name}/versions/{version}", ROUTE_CALLER,
     handle_admin_version_delete, "deleteVersion", .summary = "Delete a retired version",
     .scope = KEY_SCOPE_ADMIN, .good = REPLY_NO_CONTENT},
    {REQUEST_POST, "/admin/models/{name}/promote", ROUTE_CALLER, handle_admin_promote,
     "promoteVersion", .summary = "Have a version serve, or answer a share of the calls",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_JSON, .form = &form_admin_promote},
    {REQUEST_POST, "/admin/models/{name}/rollback", ROUTE_CALLER, handle_admin_rollback,
     "rollBack", .summary = "Take a version back: the one before it serves again",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_JSON, .form = &form_admin_rollback},
    {REQUEST_POST, "/admin/models/{name}/retire", ROUTE_CALLER, handle_admin_retire,
     "retireVersion", .summary = "End a canary or a shadow", .scope = KEY_SCOPE_ADMIN,
     .body = ROUTE_BODY_JSON, .form = &form_admin_retire},
    {REQUEST_POST, "/admin/models/{name}/compare", ROUTE_CALLER, handle_admin_compare,
     "compareVersions", .summary = "Have two versions of a model answer the same rows",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_ROWS, .query = &form_admin_compare},
    {REQUEST_PUT, "/admin/models/{name}/keep", ROUTE_CALLER, handle_admin_keep, "setKeep",
     .summary = "Say how much is kept of what a model is asked, and for how long",
     .scope = KEY_SCOPE_ADMIN, .body = ROUTE_BODY_JSON, .form = &form_admin_keep},
    {REQUEST_GET, "/admin/models/{name}/kept", ROUTE_CALLER, handle_admin_kept, "exportKept",
     .summary = "What is kept of a model's predictions, as CSV", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_kept},
    {REQUEST_GET, "/admin/calls", ROUTE_CALLER, handle_admin_calls, "listCalls",
     .summary = "The call log, newest first", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_calls},
    {REQUEST_GET, "/admin/usage", ROUTE_CALLER, handle_admin_usage, "getUsage",
     .summary = "Sums over the call log, by key, day and model", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_usage},
    {REQUEST_GET, "/admin/latency", ROUTE_CALLER, handle_admin_latency, "getLatency",
     .summary = "How long calls took, over time: mean, p50, p90, p99, longest",
     .scope = KEY_SCOPE_ADMIN, .query = &form_admin_latency},
    {REQUEST_GET, "/admin/outcomes", ROUTE_CALLER, handle_admin_outcomes, "getOutcomes",
     .summary = "How calls ended, over time: by status, model or key", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_outcomes},
    {REQUEST_GET, "/admin/audit", ROUTE_CALLER, handle_admin_audit, "listAudit",
     .summary = "Who changed what, newest first", .scope = KEY_SCOPE_ADMIN,
     .query = &form_admin_audit},
    {REQUEST_GET, "/admin/audit/check", ROUTE_CALLER, handle_admin_audit_check, "checkAudit",
     .summary = "Prove that no row of the audit trail was changed, added or lost",
     .scope = KEY_SCOPE_ADMIN},
};

size_t route_count(void)
{
    return sizeof(routes) / sizeof(routes[0]);
}

const struct route *route_at(size_t i)
{
    return &routes[i];
}

const char *route_credential_name(enum route_credential credential)
{
    static const char *const words[ROUTE_CREDENTIAL__MAX] = {
        [ROUTE_OPEN] = "none",  [ROUTE_OPTIONAL] = "optional", [ROUTE_CALLER] = "key",
        [ROUTE_OWNER] = "user", [ROUTE_LOGIN] = "login",
    };

    return words[credential];
}

enum reply_dialect route_dialect(const char *path)
{
    static const struct {
        const char *path;
        enum reply_dialect dialect;
    } places[] = {
        {"/v1", REPLY_SENTENCE},           {"/v2", REPLY_SENTENCE},
        {"/hf", REPLY_SENTENCE},           {"/invocations", REPLY_INVOCATIONS},
        {"/endpoints", REPLY_INVOCATIONS}, {"/ping", REPLY_INVOCATIONS},
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        size_t len = strlen(places[i].path);

        if (strncmp(path, places[i].path, len) == 0 && (path[len] == '\0' || path[len] == '/'))
            return places[i].dialect;
    }
    return REPLY_NATIVE;
}

/* A variable of a path and what stands for it, neither of them ended by a NUL. */
struct span {
    const char *name, *text;
    size_t name_len, len;
};

/*
 * Whether a segment can stand for a variable: it is undecoded, so one with a % could be
 * another text to someone else, and . and .. are directions.
 */
static bool is_plain(const char *text, size_t len)
{
    return len > 0 && memchr(text, '%', len) == NULL && !(len == 1 && text[0] == '.') &&
           !(len == 2 && memcmp(text, "..", 2) == 0);
}

/*
 * How long what stands for a variable is, up to the next / or, where the pattern goes on with a
 * verb ({name}:predict), up to the : before that.
 */
static size_t span_len(const char *path, char next)
{
    return strcspn(path, next == ':' ? "/:" : "/");
}

/* Whether a path is of the pattern, and what stands for its variables, the rest zero. */
static bool matches(const char *pattern, const char *path, struct span spans[ROUTE_VARIABLES])
{
    struct span *span = spans;

    memset(spans, 0, ROUTE_VARIABLES * sizeof(*spans));
    while (*pattern != '\0') {
        if (*pattern == '{') {
            span->name = ++pattern;
            span->name_len = strcspn(pattern, "}");
            span->text = path;
            span->len = span_len(path, pattern[span->name_len + 1]);
            if (!is_plain(span->text, span->len))
                return false;
            path += span->len;
            pattern += span->name_len + 1;
            span++;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* Of two patterns that fit one path, whether a is the more literal: at the first difference. */
static bool more_literal(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0' && (*a == '{') == (*b == '{')) {
        if (*a == '{') {
            a += strcspn(a, "}");
            b += strcspn(b, "}");
        }
        a++;
        b++;
    }
    return *a != '\0' && (*b == '{' || *b == '\0'); /* of one with a verb more, that one */
}

/* The pattern that a path is of, or NULL. */
static const char *pattern_of(const struct route *rows, size_t count, const char *path,
                              struct span spans[ROUTE_VARIABLES])
{
    const char *pattern = NULL;

    for (size_t i = 0; i < count; i++)
        if (matches(rows[i].path, path, spans) &&
            (pattern == NULL || more_literal(rows[i].path, pattern)))
            pattern = rows[i].path;
    if (pattern != NULL)
        matches(pattern, path, spans);
    return pattern;
}

/* Takes what stands for the variables.  False if one is longer than any can be. */
static bool variables_take(struct request *request, const struct span spans[ROUTE_VARIABLES])
{
    for (size_t i = 0; i < ROUTE_VARIABLES && spans[i].name != NULL; i++) {
        struct request_variable *variable = &request->variables[i];

        if (spans[i].len > REQUEST_VARIABLE_MAX)
            return false;
        variable->name = spans[i].name;
        variable->name_len = spans[i].name_len;
        memcpy(variable->text, spans[i].text, spans[i].len);
        variable->text[spans[i].len] = '\0';
        variable->len = spans[i].len;
    }
    return true;
}

static void allow_add(struct buf *allow, enum request_method method)
{
    if (allow->len > 0)
        buf_puts(allow, ", ");
    buf_puts(allow, request_method_name(method));
    if (method == REQUEST_GET)
        buf_puts(allow, ", HEAD");
}

static void refuse_method(const struct route *rows, size_t count, const char *pattern,
                          struct reply *reply)
{
    struct buf allow = {0};

    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].path, pattern) == 0)
            allow_add(&allow, rows[i].method);
    if (buf_failed(&allow)) {
        reply_refuse_memory(reply);
    } else {
        reply_refuse(reply, REPLY_METHOD, "This path takes %s.", allow.data);
        reply_header(reply, "Allow", allow.data);
    }
    buf_free(&allow);
}

/* The row of a pattern and a method, or NULL. */
static const struct route *row_of(const struct route *rows, size_t count, const char *pattern,
                                  enum request_method method)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].method == method && strcmp(rows[i].path, pattern) == 0)
            return &rows[i];
    return NULL;
}

/* The row of a path without variables, more literal than which none is; NULL if it is none. */
static const struct route *literal_of(const struct route *rows, size_t count,
                                      const struct request *request)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].method == request->method && strcmp(rows[i].path, request->path) == 0)
            return strchr(request->path, '{') == NULL ? &rows[i] : NULL;
    return NULL;
}

/* How many dots a segment has that is of nothing else, written as they are or encoded; 0: none.
 */
static int dots_of(const char *segment, size_t len)
{
    size_t at = 0;
    int dots;

    for (dots = 0; at < len; dots++) {
        if (segment[at] == '.')
            at++;
        else if (len - at >= 3 && strncasecmp(segment + at, "%2e", 3) == 0)
            at += 3;
        else
            return 0;
    }
    return dots;
}

/*
 * Whether this is the path of no URI, as Apache and nginx find before they ask us: with a %
 * without two digits, a blank or a #, or with a .. above the root.  lighttpd hands it on, and
 * it is to be the same refusal.
 */
static bool is_no_path(const char *path)
{
    int depth = 0;

    for (const char *at = path; *at != '\0'; at++) {
        if (*at == ' ' || *at == '#')
            return true;
        if (*at == '%' && (!isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2])))
            return true;
    }
    while (*path == '/' && depth >= 0) {
        size_t len = strcspn(path + 1, "/");
        int dots = dots_of(path + 1, len);

        depth += dots == 2 ? -1 : dots != 1;
        path += 1 + len;
    }
    return depth < 0;
}

const struct route *route_find_in(const struct route *rows, size_t count,
                                  struct request *request, struct reply *reply)
{
    struct span spans[ROUTE_VARIABLES];
    const char *pattern = NULL;
    const struct route *route = NULL;

    if (!request->path_cut)
        route = literal_of(rows, count, request);
    if (route != NULL)
        return route;
    if (!request->path_cut && is_no_path(request->path)) {
        reply_refuse(reply, REPLY_MALFORMED,
                     "The path is none: it has a %% without two digits, a blank or a #, or "
                     "leads above /.");
        return NULL;
    }
    if (!request->path_cut)
        pattern = pattern_of(rows, count, request->path, spans);
    if (pattern == NULL || !variables_take(request, spans)) {
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "There is no such path. GET / lists the ones that there are.");
        return NULL;
    }
    route = row_of(rows, count, pattern, request->method);
    if (route == NULL)
        refuse_method(rows, count, pattern, reply);
    else if (route->of_model)
        request->name = request_variable(request, "name", &request->name_len);
    return route;
}

/* The protocol's text has its root as /v2, and its OpenAPI file, from which clients are made,
 * as /v2/. */
static void path_fold(struct request *request)
{
    static const char root[] = "/v2/";

    if (strcmp(request->path, root) == 0)
        request->path[sizeof(root) - 2] = '\0';
}

const struct route *route_find(struct request *request, struct reply *reply)
{
    path_fold(request);
    return route_find_in(routes, route_count(), request, reply);
}
