/*
 * config.h: the settings of Forestgate, all from one table.
 *
 * The table in config.c says each setting's name, type, bounds, default and help; the
 * example file, the manual page, the environment names and the checks are made from
 * it.  Precedence: command line, environment (FORESTGATE_<NAME>), file, default.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/rate.h"
#include "base/result.h"

enum {
    CONFIG_NAME_MAX = 64,
    CONFIG_FILE_MAX = 128,
    CONFIG_TEXT_MAX = 255,
    CONFIG_WORDS_MAX = 1023
};

enum config_log_format {
    CONFIG_LOG_TEXT,
    CONFIG_LOG_JSON,
    CONFIG_LOG_ECS,
    CONFIG_LOG_COMBINED,
};

enum config_durability {
    CONFIG_DURABILITY_PROCESS,
    CONFIG_DURABILITY_POWER,
};

enum config_token_algorithm {
    CONFIG_TOKEN_HS256,
    CONFIG_TOKEN_EDDSA,
    CONFIG_TOKEN_RS256,
};

enum config_sandbox {
    CONFIG_SANDBOX_OFF,
    CONFIG_SANDBOX_ON,
    CONFIG_SANDBOX_REQUIRE,
};

enum config_registration {
    CONFIG_REGISTRATION_OPEN,
    CONFIG_REGISTRATION_CLOSED,
    CONFIG_REGISTRATION_INVITATION,
};

struct config {
    int64_t workers;            /* processes that a master keeps; 0 is none: serve alone */
    int64_t body_limit;         /* bytes of a request body outside predictions */
    int64_t predict_body_limit; /* bytes of a prediction's request body */
    int64_t image_body_limit;   /* bytes of a model image that is uploaded */
    int64_t predict_rows_limit; /* rows in one prediction */
    int64_t bulk_body_limit;    /* bytes of one that is CSV or an array */
    int64_t bulk_answer_limit;  /* and of its answer */
    int64_t bulk_requests;      /* of which so many are read at once */
    int64_t bulk_stall;         /* seconds that one may stand still */
    int64_t log_format;         /* enum config_log_format */
    char default_model[CONFIG_NAME_MAX +
                       1]; /* empty: the first that was published, tables first */
    char default_text_model[CONFIG_NAME_MAX + 1]; /* empty: the first that takes texts */
    char v2_server_name[CONFIG_NAME_MAX + 1];     /* as GET /v2 tells it */
    struct addr_list trusted_proxies;
    int64_t trace_begin;                   /* whether a request without a trace begins one */
    struct addr_list metrics_addresses;    /* that GET /metrics asks no credential of */
    struct rate address_rate;              /* count 0: off */
    struct rate address_rate_all;          /* count 0: off */
    int64_t durability;                    /* enum config_durability */
    int64_t sandbox;                       /* enum config_sandbox */
    int64_t call_retention;                /* seconds; 0: for ever */
    int64_t job_body_limit;                /* bytes */
    int64_t job_limit;                     /* jobs of an account that have not ended */
    int64_t job_bytes_limit;               /* bytes of an account's jobs */
    int64_t job_lease;                     /* seconds */
    int64_t job_retention;                 /* seconds */
    int64_t idempotency_retention;         /* seconds */
    int64_t idempotency_bytes_limit;       /* bytes of an account's kept answers */
    int64_t keep_limit;                    /* bytes of predictions that are kept */
    char webhook_url[CONFIG_TEXT_MAX + 1]; /* empty: there is none */
    int64_t webhook_callers;               /* whether callers may name URLs of their own */
    struct addr_list webhook_private;      /* that may be called although they are special */
    int64_t ledger_size;                   /* bytes */
    int64_t password_cost;                 /* as crypt(5) counts it for yescrypt */
    int64_t password_hashes;               /* passwords that are hashed at once */
    int64_t token_algorithm;               /* enum config_token_algorithm */
    char token_key[CONFIG_FILE_MAX + 1];   /* empty: the home's secret, for HS256 */
    char token_issuer[CONFIG_TEXT_MAX + 1];
    char token_audience[CONFIG_TEXT_MAX + 1];
    int64_t token_lifetime;              /* seconds */
    int64_t session_lifetime;            /* seconds */
    int64_t registration;                /* enum config_registration */
    char jwks_file[CONFIG_FILE_MAX + 1]; /* of the outside issuer; empty: there is none */
    char jwks_issuer[CONFIG_TEXT_MAX + 1];
    char jwks_audience[CONFIG_TEXT_MAX + 1];
    char jwks_role_claim[CONFIG_TEXT_MAX + 1];   /* a path with dots */
    char jwks_admin_roles[CONFIG_WORDS_MAX + 1]; /* words with commas and no blanks between */
    char jwks_user_roles[CONFIG_WORDS_MAX + 1];  /* empty: everyone is a user */
    char jwks_tier[CONFIG_NAME_MAX + 1];
    char jwks_models[CONFIG_WORDS_MAX + 1]; /* names as above, or "*" */
    /* What follows is the front's, for forestgate front; no worker looks at it. */
    char front_address[ADDR_TEXT_MAX];         /* "*" for all */
    int64_t http_port, https_port;             /* 0: there is none */
    char hosts[CONFIG_WORDS_MAX + 1];          /* with commas and no blanks between */
    char cors_origins[CONFIG_WORDS_MAX + 1];   /* likewise */
    char tls_certificate[CONFIG_TEXT_MAX + 1]; /* empty: the home's own, for localhost */
    char tls_key[CONFIG_TEXT_MAX + 1];         /* empty: likewise, or in the same file */
    int64_t hsts;                              /* seconds; 0: off */
    int64_t address_connections;               /* of one address; 0: any number */
};

/* The defaults of the table. */
void config_defaults(struct config *config);

/*
 * Sets one setting from text; where says in a refusal where the text stood
 * ("forestgate.conf:12", "FORESTGATE_WORKERS", "--workers").  RESULT_MISSING if there is
 * no such setting, RESULT_INVALID with what is allowed if the value is not.
 */
enum result config_set(struct config *config, const char *where, const char *name,
                       const char *value, struct reason *why);

/* Sets what an INI file says; a file that is not there sets nothing. */
enum result config_load_file(struct config *config, const char *path, struct reason *why);

/*
 * Sets what FORESTGATE_<NAME> in the environment says.  A name that is no setting is
 * refused, so that a misspelt one is not silently without effect.
 */
enum result config_load_environment(struct config *config, char *const *environment,
                                    struct reason *why);

/* Appends the example file: every setting with its help, commented out at its default. */
void config_print_example(struct buf *out);

/* Appends the settings as an mdoc list, for forestgate.conf(5). */
void config_print_mdoc(struct buf *out);

#endif
