/*
 * config_table.c: the settings, each with its bounds, its default and what it is for.
 *
 * To add one, add a row here and its member to struct config.
 */
#include "base/config_inner.h"

#include "base/rate.h"

#define AT(member) offsetof(struct config, member)

static const char *const log_formats[] = {"text", "json", "ecs", "combined", NULL};
static const char *const token_algorithms[] = {"HS256", "EdDSA", "RS256", NULL};
static const char *const registrations[] = {"open", "closed", "invitation", NULL};
static const char *const durabilities[] = {"process", "power", NULL};
static const char *const sandboxes[] = {"off", "on", "require", NULL};
static const char *const switches[] = {"off", "on", NULL};

const struct setting config_settings[] = {
    {"workers", SETTING_INT, AT(workers), 0, 1024, NULL, "0",
     "Worker processes that one master keeps alive. 0: one process that serves alone, as "
     "servers that manage processes themselves (mod_fcgid) want it."},
    {"body_limit", SETTING_SIZE, AT(body_limit), 1024, 1 << 30, NULL, "64K",
     "Most bytes of a request body, predictions aside."},
    {"predict_body_limit", SETTING_SIZE, AT(predict_body_limit), 1024, 1 << 30, NULL, "16M",
     "Most bytes of a prediction's request body. The front's own limit must be above it."},
    {"image_body_limit", SETTING_SIZE, AT(image_body_limit), 1024, 16LL << 30, NULL, "64M",
     "Most bytes of a model's image that is uploaded. The front's own limit must be above it "
     "for images as large as that to come."},
    {"predict_rows_limit", SETTING_INT, AT(predict_rows_limit), 1, 10000000, NULL, "100000",
     "Most rows in one prediction."},
    {"bulk_body_limit", SETTING_SIZE, AT(bulk_body_limit), 1024, 1LL << 40, NULL, "1G",
     "Most bytes of a prediction's request body that is CSV or an array. The front's own limit "
     "must be above it."},
    {"bulk_answer_limit", SETTING_SIZE, AT(bulk_answer_limit), 1024, 1LL << 40, NULL, "4G",
     "Most bytes of the answer to one."},
    {"bulk_requests", SETTING_INT, AT(bulk_requests), 1, 64, NULL, "2",
     "How many of those bodies are read at once, small ones aside, exports and figures of "
     "quality made, and large results of jobs fetched, so that others have workers left. Never "
     "as many as there are workers, unless there is one."},
    {"bulk_stall", SETTING_SPAN, AT(bulk_stall), 1, 3600, NULL, "60s",
     "How long such a body may bring nothing, and a large answer may not be taken on, until "
     "the connection is given up."},
    {"log_format", SETTING_CHOICE, AT(log_format), 0, 0, log_formats, "text",
     "How logs/access.log is written: text is one line of fields a request, json one JSON "
     "object a line, ecs one by the Elastic Common Schema, as messages are then, too, and "
     "combined a line as Apache's access log has it."},
    {"trace_begin", SETTING_CHOICE, AT(trace_begin), 0, 0, switches, "off",
     "Whether a request that comes without a trace (the header traceparent) begins one. One "
     "that comes with a trace is part of it in any case."},
    {"default_model", SETTING_NAME, AT(default_model), 0, 0, NULL, "",
     "The model that POST /predict asks. Empty: the first that was published, before those "
     "that take texts."},
    {"default_text_model", SETTING_NAME, AT(default_text_model), 0, 0, NULL, "",
     "The model that POST /predict asks with a text. Empty: default_model if that takes texts, "
     "else the first that was published of those."},
    {"v2_server_name", SETTING_NAME, AT(v2_server_name), 0, 0, NULL, "forestgate",
     "What GET /v2 calls the server. Some clients of the Open Inference Protocol want to read "
     "triton there."},
    {"trusted_proxies", SETTING_ADDRS, AT(trusted_proxies), 0, 0, NULL, "",
     "Addresses and ranges whose X-Forwarded-For is believed, separated by commas."},
    {"metrics_addresses", SETTING_ADDRS, AT(metrics_addresses), 0, 0, NULL, "",
     "Addresses and ranges that GET /metrics answers without a credential, separated by "
     "commas. "
     "All others need a key with the scope metrics."},
    {"address_rate", SETTING_RATE, AT(address_rate), 0, 0, NULL, "100/60s",
     "How many requests an address may send without a credential that is accepted: keys that "
     "are wrong, open pages, paths that do not exist. IPv6 counts by /64; health is exempt."},
    {"address_rate_all", SETTING_RATE, AT(address_rate_all), 0, 0, NULL, "off",
     "How many requests an address may send in all, whatever its credential. Health is "
     "exempt."},
    {"durability", SETTING_CHOICE, AT(durability), 0, 0, durabilities, "process",
     "What calls that were answered outlast. process: kill -9 of any process, but at a power "
     "cut those are lost that the system had not written yet. power: power cuts as well, "
     "since an answer waits for the disk."},
    {"sandbox", SETTING_CHOICE, AT(sandbox), 0, 0, sandboxes, "on",
     "Whether workers, runners and the courier of webhooks lock themselves in: no program, no "
     "socket, no file but those of the home that change. on: as far as the kernel can. "
     "require: or they do not start. off: not at all."},
    {"call_retention", SETTING_PERIOD, AT(call_retention), 86400, RATE_SECONDS_MAX * 10LL, NULL,
     "90d",
     "How long the rows of the call log are kept. off: for ever. The sums by key, model and "
     "day are kept in any case."},
    {"job_body_limit", SETTING_SIZE, AT(job_body_limit), 1024, 64LL << 30, NULL, "1G",
     "Most bytes of a job's body. The front's own limit must be above it for bodies as large "
     "as "
     "that to come."},
    {"job_limit", SETTING_INT, AT(job_limit), 1, 1000000000, NULL, "1000000",
     "Most jobs of one user, or of one key without an owner, that wait or are in work."},
    {"job_bytes_limit", SETTING_SIZE, AT(job_bytes_limit), 1 << 20, 1LL << 50, NULL, "4G",
     "Most bytes that the bodies and results of one user's jobs may take, or of those of a key "
     "without an owner."},
    {"job_lease", SETTING_SPAN, AT(job_lease), 5, 3600, NULL, "60s",
     "How long a runner that lives may stand still before its jobs are given to another. One "
     "that died is noticed at once."},
    {"job_retention", SETTING_SPAN, AT(job_retention), 60, 365 * 86400LL, NULL, "7d",
     "How long a job is kept, with its result, after it has ended."},
    {"idempotency_retention", SETTING_SPAN, AT(idempotency_retention), 60, 365 * 86400LL, NULL,
     "24h",
     "How long the answer to a request with an Idempotency-Key is kept, to be given again."},
    {"idempotency_bytes_limit", SETTING_SIZE, AT(idempotency_bytes_limit), 64 << 10, 1LL << 50,
     NULL, "256M",
     "Most bytes that the kept answers of one user may take, or those of a key without an "
     "owner. "
     "Over it what comes with a new Idempotency-Key is refused."},
    {"keep_limit", SETTING_SIZE, AT(keep_limit), 1 << 20, 1LL << 50, NULL, "1G",
     "Most bytes that predictions which are kept (forestgate model keep) may take. Above that "
     "no more are kept, and predictions go on."},
    {"webhook_url", SETTING_URL, AT(webhook_url), 0, 0, NULL, "",
     "Where the end of every job is told: a URL of http or https, up to 255 characters. Empty: "
     "nowhere."},
    {"webhook_callers", SETTING_CHOICE, AT(webhook_callers), 0, 0, switches, "off",
     "Whether who asks for a job may name a URL that its end is told to."},
    {"webhook_private", SETTING_ADDRS, AT(webhook_private), 0, 0, NULL, "",
     "Addresses and ranges that jobs may be told to although they are not public: loopback, "
     "private, link-local and the like, separated by commas. All others of those are refused, "
     "whatever name leads there."},
    {"ledger_size", SETTING_SIZE, AT(ledger_size), 4 << 20, 4LL << 30, NULL, "16M",
     "Bytes of the ledger, where keys are counted. 16M have room for 6000 keys at a time with "
     "100 calls in their windows. Takes effect when all workers have ended."},
    {"password_cost", SETTING_INT, AT(password_cost), 1, 11, NULL, "5",
     "What the hash of a password costs, as crypt(5) counts it for yescrypt: 5 takes 16 MB and "
     "some 20 ms, each more twice both. A password is hashed anew at the next login."},
    {"password_hashes", SETTING_INT, AT(password_hashes), 1, 64, NULL, "2",
     "How many passwords are hashed at once, so that logins leave workers for predictions. "
     "Never as many as there are workers, unless there is one."},
    {"token_algorithm", SETTING_CHOICE, AT(token_algorithm), 0, 0, token_algorithms, "HS256",
     "What access tokens are signed with; one of another algorithm is never taken."},
    {"token_key", SETTING_FILE, AT(token_key), 0, 0, NULL, "",
     "The key for that. For HS256 a file of at least 32 random bytes, all of which are the "
     "secret; empty: secrets/token.secret. For EdDSA (Ed25519) and RS256 a private key in PEM, "
     "which is needed."},
    {"token_issuer", SETTING_TEXT, AT(token_issuer), 1, CONFIG_TEXT_MAX, NULL, "forestgate",
     "Who issues them: iss in each token."},
    {"token_audience", SETTING_TEXT, AT(token_audience), 1, CONFIG_TEXT_MAX, NULL, "forestgate",
     "Whom they are for: aud in each token."},
    {"token_lifetime", SETTING_SPAN, AT(token_lifetime), 60, 86400, NULL, "1h",
     "How long an access token is valid; a session gets new ones."},
    {"session_lifetime", SETTING_SPAN, AT(session_lifetime), 3600, 365 * 86400LL, NULL, "30d",
     "How long a session lasts after a login."},
    {"registration", SETTING_CHOICE, AT(registration), 0, 0, registrations, "open",
     "Who may make an account. open: everybody, and the account may nothing until an "
     "administrator lets it in; 1000 at most wait for that. invitation: who has one. closed: "
     "administrators make the accounts; invitations of theirs work all the same."},
    {"jwks_file", SETTING_FILE, AT(jwks_file), 0, 0, NULL, "",
     "The public keys (JSON Web Key Set) of an outside issuer whose tokens are taken as well. "
     "Empty: there is none. It is never fetched; one that is replaced is read anew."},
    {"jwks_issuer", SETTING_TEXT, AT(jwks_issuer), 0, CONFIG_TEXT_MAX, NULL, "",
     "That issuer: iss in its tokens. Needed with jwks_file, and not token_issuer."},
    {"jwks_audience", SETTING_TEXT, AT(jwks_audience), 0, CONFIG_TEXT_MAX, NULL, "",
     "Whom its tokens have to be for: in their aud. Needed with jwks_file."},
    {"jwks_role_claim", SETTING_TEXT, AT(jwks_role_claim), 1, CONFIG_TEXT_MAX, NULL, "roles",
     "The claim that has the roles, with dots on the way into objects: realm_access.roles."},
    {"jwks_admin_roles", SETTING_WORDS, AT(jwks_admin_roles), 0, 0, NULL, "",
     "Roles there that make an administrator here."},
    {"jwks_user_roles", SETTING_WORDS, AT(jwks_user_roles), 0, 0, NULL, "",
     "Roles there that make a user here; a token with none of either list is refused. Empty: "
     "every token makes a user."},
    {"jwks_tier", SETTING_NAME, AT(jwks_tier), 0, 0, NULL, "standard",
     "The tier of those who come with such a token."},
    {"jwks_models", SETTING_WORDS, AT(jwks_models), 0, 0, NULL, "*",
     "The models that they may use. *: all of them."},
    {"front_address", SETTING_LISTEN, AT(front_address), 0, 0, NULL, "*",
     "Where the front listens that forestgate front configures, as all the settings from here "
     "on "
     "are for it. *: on every address."},
    {"http_port", SETTING_INT, AT(http_port), 0, 65535, NULL, "80",
     "Its port for HTTP, where all is redirected to https_port, if there is that. 0: none."},
    {"https_port", SETTING_INT, AT(https_port), 0, 65535, NULL, "443",
     "Its port for TLS. 0: none, and keys go over the network as they are."},
    {"hosts", SETTING_HOSTS, AT(hosts), 0, 0, NULL, "localhost, 127.0.0.1, [::1]",
     "The hosts that a request may name, whatever port it names with them. All others are "
     "refused with 421."},
    {"cors_origins", SETTING_ORIGINS, AT(cors_origins), 0, 0, NULL, "",
     "The origins whose pages may call with credentials and read the answers. Empty: none "
     "but its own."},
    {"tls_certificate", SETTING_PATH, AT(tls_certificate), 0, 0, NULL, "",
     "The certificate, with those between it and its root behind it, in PEM. Empty: "
     "tls/localhost.crt of the home, which forestgate init makes."},
    {"tls_key", SETTING_PATH, AT(tls_key), 0, 0, NULL, "",
     "Its private key in PEM. Empty: in the certificate's file, or tls/localhost.key of the "
     "home."},
    {"hsts", SETTING_PERIOD, AT(hsts), 86400, 730 * 86400LL, NULL, "365d",
     "For how long a browser that was here over TLS is not to come without. off: not said."},
    {"address_connections", SETTING_INT, AT(address_connections), 0, 65535, NULL, "512",
     "How many connections one address may hold at the front at once, those of trusted_proxies "
     "aside; IPv6 counts by /64. More are turned away by the firewall that forestgate front "
     "nftables makes rules for, and by nginx itself (429) once they have sent a header. 0: as "
     "many as it likes."},
};

const size_t config_settings_count = sizeof(config_settings) / sizeof(config_settings[0]);

_Static_assert(sizeof(config_settings) / sizeof(config_settings[0]) <= CONFIG_SETTINGS_MAX,
               "there is room for all");
