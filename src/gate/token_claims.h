/*
 * token_claims.h: what a token's payload says, before anything of it is judged; a part of
 * token.c.
 */
#ifndef GATE_TOKEN_CLAIMS_H
#define GATE_TOKEN_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "base/json.h"
#include "gate/token.h"

enum {
    CLAIM_TIME_EXP,
    CLAIM_TIME_NBF,
    CLAIM_TIME_IAT,
    CLAIM_TIME__MAX
};

struct claim_time {
    bool given;
    bool whole;    /* written as a whole number */
    int64_t value; /* of others the whole seconds before it */
};

/* What is looked for. */
struct claims_wish {
    const char *audience;
    const char *role_claim; /* NULL: no roles are */
    const char *admin_roles, *user_roles;
};

struct claims {
    char iss[CONFIG_TEXT_MAX + 1]; /* these "" for what is not given */
    char sub[CONFIG_TEXT_MAX + 1];
    char sid[TOKEN_ID_LEN + 1];
    char jti[CONFIG_TEXT_MAX + 1];
    char preferred_username[TOKEN_NAME_MAX + 1]; /* fit to be shown */
    char email[TOKEN_NAME_MAX + 1];
    char shown_sub[TOKEN_NAME_MAX + 1];
    bool for_us;   /* the audience is ours, or ours is in it */
    bool for_many; /* it is an array */
    struct claim_time times[CLAIM_TIME__MAX];
    bool admin, user; /* by the roles that were looked for */
};

/*
 * Reads a payload.  False if it is no strict JSON object, and if a claim of the above is of
 * another type, holds a NUL, is longer than it can be, or is no number within 64 bits.  Names
 * to be shown, and roles, are let pass whatever they are.
 */
bool claims_read(const char *payload, size_t len, const struct claims_wish *wish,
                 struct claims *out);

#endif
