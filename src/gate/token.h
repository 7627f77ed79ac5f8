/*
 * token.h: access tokens: ours (in the manner of RFC 9068), and those of one outside issuer.
 *
 * A token says who calls and no more: what a user may is looked up at each request, so that
 * a change counts at once.  Keys come from files of the home alone; nothing is fetched over a
 * network.  Which kind a token is, is told by the key that verifies it, and then its claims
 * have to say the same, so that one kind never passes as the other.
 */
#ifndef GATE_TOKEN_H
#define GATE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/result.h"

enum {
    TOKEN_MAX = 8192, /* bytes of a token */
    TOKEN_SUBJECT_LEN = 12,
    TOKEN_ID_LEN = 22, /* of ids of tokens and sessions: 128 random bits as base64url */
    TOKEN_NAME_MAX = 128
};

/* What a process signs and verifies with. */
struct tokens;

/*
 * Reads the keys that the settings name, relative to the home, which is the working
 * directory.  RESULT_INVALID for settings that do not go together and for keys that are too
 * weak, RESULT_DENIED for a secret that others may read, each with what to do.
 */
enum result tokens_open(const struct config *config, struct tokens **out, struct reason *why);
void tokens_close(struct tokens *tokens);

/*
 * Reads the files anew that were replaced; called when the epoch has changed, and by
 * token_check() once a second, since no epoch tells of a file that its owner has replaced.
 * After a failure there are no keys from that file, so that nothing passes by what was true
 * before, and the next call tries again.
 */
enum result tokens_refresh(struct tokens *tokens, struct reason *why);

struct token_claims {
    bool outside; /* of the outside issuer */
    /*
     * A user's id, 12 of 0-9A-Za-z; of an outside token as many, derived from its issuer and
     * sub, so that it can be counted as an account.
     */
    char subject[TOKEN_SUBJECT_LEN + 1];
    char session[TOKEN_ID_LEN + 1]; /* sid; "" for an outside token */
    char jti[TOKEN_ID_LEN + 1];     /* "" for an outside token */
    char name[TOKEN_NAME_MAX + 1];  /* outside: whom to show: valid UTF-8, cut; else "" */
    bool admin;                     /* outside: by the mapped roles; ours carry no role */
    int64_t issued_at, expires_at;  /* seconds; issued_at 0 if an outside token does not say */
};

/* Appends a token for a user's session, valid from now (in seconds) on. */
enum result token_issue(struct tokens *tokens, const char *subject, const char *session,
                        int64_t now, struct buf *out, struct reason *why);

/*
 * RESULT_DENIED for whatever does not hold, with nothing of the token in the reason;
 * another failure is ours.
 */
enum result token_check(struct tokens *tokens, const char *text, size_t len, int64_t now,
                        struct token_claims *out, struct reason *why);

/* Seconds from a token's issue to its end. */
int64_t tokens_lifetime(const struct tokens *tokens);

/* A new id for a token or a session. */
void token_id_make(char out[TOKEN_ID_LEN + 1]);

#endif
