/*
 * token.c: access tokens: ours, and those of one outside issuer.
 */
#include "gate/token.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/base64url.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/home.h"
#include "gate/jws.h"
#include "gate/tier.h"
#include "gate/token_claims.h"

enum {
    KEY_FILE_MAX = 16 << 10,
    JWKS_FILE_MAX = 256 << 10,
    OUTSIDE_KEYS_MAX = 100, /* each may have to be tried for a token without a kid */
    SECRET_DISTINCT_MIN = 8,
    KID_BYTES = 6,
    OUTSIDE_LEEWAY = 60 /* seconds that another's clock may differ */
};

static const char type_ours[] = "at+jwt";

/* The types that tokens of outside issuers have (RFC 9068, RFC 7519), in any case. */
static const char *const types_outside[] = {"", "at+jwt", "application/at+jwt", "JWT"};

static const char alphanumeric[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const enum jwk_algorithm algorithms[] = {
    [CONFIG_TOKEN_HS256] = JWK_HS256,
    [CONFIG_TOKEN_EDDSA] = JWK_EDDSA,
    [CONFIG_TOKEN_RS256] = JWK_RS256,
};

struct tokens {
    struct config config;
    struct jwk_set own;     /* one key */
    struct jwk_set outside; /* none if there is no outside issuer */
    struct file_stamp own_stamp, outside_stamp;
    struct secret_mac *subjects; /* names outside subjects; NULL if there is no such issuer */
    int64_t own_looked, outside_looked; /* when the files were last looked at */
};

static enum result denied(struct reason *why)
{
    return reason_set(why, RESULT_DENIED, "the token is not valid");
}

static const char *own_file(const struct config *config)
{
    return config->token_key[0] != '\0' ? config->token_key : HOME_TOKEN_SECRET;
}

/* A secret that a person typed, or one that everybody has, is none. */
static enum result secret_check(const char *path, const struct buf *secret, struct reason *why)
{
    static const char pem[] = "-----BEGIN ";
    bool seen[256] = {false};
    unsigned distinct = 0;

    for (size_t i = 0; i < secret->len; i++) {
        distinct += !seen[(unsigned char)secret->data[i]];
        seen[(unsigned char)secret->data[i]] = true;
    }
    secret_wipe(seen, sizeof(seen));
    if (secret->len < JWK_SECRET_MIN || secret->len > JWK_SECRET_MAX)
        return reason_set(why, RESULT_INVALID,
                          "%s: a secret for HS256 has %d to %d bytes, this one has %zu; make "
                          "one with: openssl rand -out FILE 32",
                          path, JWK_SECRET_MIN, JWK_SECRET_MAX, secret->len);
    if (distinct < SECRET_DISTINCT_MIN)
        return reason_set(why, RESULT_INVALID,
                          "%s: a secret of fewer than %d different bytes is not random; make "
                          "one with: openssl rand -out FILE 32",
                          path, SECRET_DISTINCT_MIN);
    if (memmem(secret->data, secret->len, pem, sizeof(pem) - 1) != NULL)
        return reason_set(why, RESULT_INVALID,
                          "%s: a key in PEM is no secret for HS256: set token_algorithm to "
                          "EdDSA or RS256, or name another file",
                          path);
    return RESULT_OK;
}

/* A secret's id tells nothing of it, and that it has changed. */
static enum result secret_key(const struct buf *secret, struct jwk **out, struct reason *why)
{
    static const char purpose[] = "forestgate token key id";
    char kid[BASE64URL_LEN(KID_BYTES) + 1] = "";
    uint8_t digest[SECRET_MAC_BYTES];
    struct secret_mac *mac = NULL;
    enum result result;

    *out = NULL;
    result = secret_mac_new(secret->data, secret->len, &mac, why);
    if (result == RESULT_OK &&
        secret_mac_digest(mac, purpose, sizeof(purpose) - 1, digest) != RESULT_OK)
        result = reason_set(why, RESULT_FAILED, "a key for tokens could not be named");
    if (result == RESULT_OK) {
        base64url_write(kid, digest, KID_BYTES);
        result = jwk_from_secret(JWK_HS256, kid, secret->data, secret->len, out, why);
    }
    secret_mac_free(mac);
    return result;
}

static enum result pem_key(enum jwk_algorithm algorithm, const char *path,
                           const struct buf *pem, struct jwk **out, struct reason *why)
{
    struct reason inner = {""};
    enum result result;

    result = jwk_from_pem(algorithm, pem->data, pem->len, out, &inner);
    if (result == RESULT_OK && !jwk_makes(*out)) {
        result = reason_set(&inner, RESULT_INVALID, "it is a public key, which cannot sign");
        jwk_free(*out);
        *out = NULL;
    }
    if (result != RESULT_OK)
        reason_set(why, result, "%s: it is not the private key for %s that is needed: %s", path,
                   jwk_algorithm_text(algorithm), inner.text);
    return result;
}

/* Reads our own key; after a failure there is none. */
static enum result own_read(struct tokens *tokens, struct reason *why)
{
    enum jwk_algorithm algorithm = algorithms[tokens->config.token_algorithm];
    const char *path = own_file(&tokens->config);
    struct file_stamp stamp = file_stamp_take(path);
    struct buf text = {0};
    struct jwk *key = NULL;
    enum result result;

    jwk_set_free(&tokens->own);
    tokens->own_stamp = (struct file_stamp){0};
    result = secret_file_load(path, KEY_FILE_MAX, &text, why);
    if (result == RESULT_MISSING && tokens->config.token_key[0] == '\0')
        reason_set(why, result,
                   "%s is missing: make it with forestgate init, and the same --home", path);
    if (result == RESULT_OK && algorithm == JWK_HS256)
        result = secret_check(path, &text, why);
    if (result == RESULT_OK)
        result = algorithm == JWK_HS256 ? secret_key(&text, &key, why)
                                        : pem_key(algorithm, path, &text, &key, why);
    if (result == RESULT_OK)
        result = jwk_set_add(&tokens->own, key, why);
    secret_buf_free(&text);
    if (result == RESULT_OK)
        tokens->own_stamp = stamp;
    return result;
}

/* What has to hold for the keys of the outside issuer as a whole. */
static enum result outside_check(const struct jwk_set *set, struct reason *why)
{
    bool verifies = false;

    for (size_t i = 0; i < set->count; i++)
        verifies = verifies || jwk_checks(set->keys[i]);
    if (set->symmetric > 0)
        return reason_set(why, RESULT_INVALID,
                          "a symmetric key (oct) is in it: who verifies with one could issue "
                          "as well; an outside issuer's keys are public ones");
    if (set->count > OUTSIDE_KEYS_MAX)
        return reason_set(why, RESULT_TOO_BIG, "over %d keys", OUTSIDE_KEYS_MAX);
    if (!verifies)
        return reason_set(why, RESULT_INVALID, "no key in it is for verifying");
    return RESULT_OK;
}

/* Whoever can write the file makes administrators. */
static enum result outside_load(const char *path, struct jwk_set *set, struct reason *why)
{
    struct reason inner = {""};
    struct buf text = {0};
    enum result result;
    struct stat st;

    if (stat(path, &st) != 0)
        return reason_errno(why, "jwks_file: %s", path);
    if ((st.st_mode & 022) != 0)
        return reason_set(why, RESULT_DENIED,
                          "%s: others may write into it; mend it with: chmod go-w %s", path,
                          path);
    result = file_read(path, JWKS_FILE_MAX, &text, why);
    if (result == RESULT_OK) {
        result = jwk_set_from_json(text.data != NULL ? text.data : "", text.len, set, &inner);
        if (result == RESULT_OK)
            result = outside_check(set, &inner);
        if (result != RESULT_OK)
            reason_set(why, result, "%s: %s", path, inner.text);
    }
    buf_free(&text);
    return result;
}

/* Reads the outside issuer's keys; after a failure there are none. */
static enum result outside_read(struct tokens *tokens, struct reason *why)
{
    const char *path = tokens->config.jwks_file;
    struct file_stamp stamp = file_stamp_take(path);
    enum result result;

    jwk_set_free(&tokens->outside);
    tokens->outside_stamp = (struct file_stamp){0};
    result = outside_load(path, &tokens->outside, why);
    if (result == RESULT_OK)
        tokens->outside_stamp = stamp;
    else
        jwk_set_free(&tokens->outside);
    return result;
}

static bool has_outside(const struct tokens *tokens)
{
    return tokens->config.jwks_file[0] != '\0';
}

static enum result config_check(const struct config *config, struct reason *why)
{
    if (config->token_algorithm != CONFIG_TOKEN_HS256 && config->token_key[0] == '\0')
        return reason_set(why, RESULT_INVALID,
                          "token_algorithm %s needs token_key: a private key in PEM",
                          jwk_algorithm_text(algorithms[config->token_algorithm]));
    if (config->jwks_file[0] == '\0')
        return RESULT_OK;
    if (config->jwks_issuer[0] == '\0' || config->jwks_audience[0] == '\0')
        return reason_set(
            why, RESULT_INVALID,
            "jwks_file needs jwks_issuer and jwks_audience: whose tokens are taken, "
            "and for whom they have to be");
    if (strcmp(config->jwks_issuer, config->token_issuer) == 0)
        return reason_set(why, RESULT_INVALID,
                          "jwks_issuer and token_issuer are the same: a token has to tell "
                          "whose it is");
    return tier_name_valid(config->jwks_tier) ? RESULT_OK
                                              : tier_name_refuse(config->jwks_tier, why);
}

/* Under the secret of the home that stays: so an account stays the same. */
static enum result subjects_open(struct tokens *tokens, struct reason *why)
{
    uint8_t secret[SECRET_BYTES];
    enum result result = secret_file_read(HOME_KEY_SECRET, secret, why);

    if (result == RESULT_OK)
        result = secret_mac_new(secret, sizeof(secret), &tokens->subjects, why);
    secret_wipe(secret, sizeof(secret));
    return result;
}

enum result tokens_open(const struct config *config, struct tokens **out, struct reason *why)
{
    struct tokens *tokens = calloc(1, sizeof(*tokens));
    enum result result;

    *out = NULL;
    if (tokens == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for tokens");
    tokens->config = *config;
    result = config_check(config, why);
    if (result == RESULT_OK)
        result = own_read(tokens, why);
    if (result == RESULT_OK && has_outside(tokens))
        result = outside_read(tokens, why);
    if (result == RESULT_OK && has_outside(tokens))
        result = subjects_open(tokens, why);
    if (result == RESULT_OK)
        *out = tokens;
    else
        tokens_close(tokens);
    return result;
}

void tokens_close(struct tokens *tokens)
{
    if (tokens == NULL)
        return;
    jwk_set_free(&tokens->own);
    jwk_set_free(&tokens->outside);
    secret_mac_free(tokens->subjects);
    free(tokens);
}

static enum result own_refresh(struct tokens *tokens, struct reason *why)
{
    struct file_stamp now = file_stamp_take(own_file(&tokens->config));

    if (tokens->own.count > 0 && file_stamp_same(&now, &tokens->own_stamp))
        return RESULT_OK;
    return own_read(tokens, why);
}

static enum result outside_refresh(struct tokens *tokens, struct reason *why)
{
    struct file_stamp now = file_stamp_take(tokens->config.jwks_file);

    if (tokens->outside.count > 0 && file_stamp_same(&now, &tokens->outside_stamp))
        return RESULT_OK;
    return outside_read(tokens, why);
}

enum result tokens_refresh(struct tokens *tokens, struct reason *why)
{
    enum result other = has_outside(tokens) ? outside_refresh(tokens, why) : RESULT_OK;
    enum result result = own_refresh(tokens, why);

    return result != RESULT_OK ? result : other;
}

/*
 * The same for one of the files if that was not done in this second, or failed.  Its reason
 * is never one to refuse a token for.
 */
static enum result look(struct tokens *tokens, int64_t now, int64_t *looked,
                        const struct jwk_set *keys,
                        enum result (*refresh)(struct tokens *tokens, struct reason *why),
                        struct reason *why)
{
    enum result result;

    if (now == *looked && keys->count > 0)
        return RESULT_OK;
    *looked = now;
    result = refresh(tokens, why);
    return result == RESULT_DENIED ? RESULT_FAILED : result;
}

int64_t tokens_lifetime(const struct tokens *tokens)
{
    return tokens->config.token_lifetime;
}

void token_id_make(char out[TOKEN_ID_LEN + 1])
{
    uint8_t bytes[BASE64URL_BYTES(TOKEN_ID_LEN)];

    secret_random(bytes, sizeof(bytes));
    base64url_write(out, bytes, sizeof(bytes));
    out[TOKEN_ID_LEN] = '\0';
}

static bool is_subject(const char *text)
{
    return strlen(text) == TOKEN_SUBJECT_LEN && strspn(text, alphanumeric) == TOKEN_SUBJECT_LEN;
}

static bool is_id(const char *text)
{
    uint8_t bytes[BASE64URL_BYTES(TOKEN_ID_LEN)];
    size_t len;

    return strlen(text) == TOKEN_ID_LEN &&
           base64url_read(text, TOKEN_ID_LEN, bytes, sizeof(bytes), &len);
}

enum result token_issue(struct tokens *tokens, const char *subject, const char *session,
                        int64_t now, struct buf *out, struct reason *why)
{
    const struct config *config = &tokens->config;
    struct buf claims = {0};
    struct json_writer writer = json_writer_on(&claims);
    char jti[TOKEN_ID_LEN + 1];
    enum result result;

    if (tokens->own.count == 0)
        return reason_set(why, RESULT_FAILED, "there is no key to sign tokens with");
    if (!is_subject(subject) || !is_id(session))
        return reason_set(why, RESULT_INVALID, "a token is for a user's id and a session's");
    token_id_make(jti);
    json_write_object(&writer);
    json_member_string(&writer, "iss", config->token_issuer);
    json_member_string(&writer, "aud", config->token_audience);
    json_member_string(&writer, "sub", subject);
    json_member_string(&writer, "sid", session);
    json_member_string(&writer, "jti", jti);
    json_member_i64(&writer, "iat", now);
    json_member_i64(&writer, "exp", now + config->token_lifetime);
    json_write_object_end(&writer);
    result = buf_failed(&claims)
                 ? reason_set(why, RESULT_NOMEM, "no memory for a token")
                 : jws_sign(tokens->own.keys[0], type_ours, claims.data, claims.len, out, why);
    buf_free(&claims);
    return result;
}

/* Whether the times allow the token now. */
static bool times_hold(const struct claims *claims, int64_t now, int64_t leeway)
{
    const struct claim_time *times = claims->times;

    return times[CLAIM_TIME_EXP].given && times[CLAIM_TIME_EXP].value > now - leeway &&
           (!times[CLAIM_TIME_NBF].given || times[CLAIM_TIME_NBF].value <= now + leeway) &&
           (!times[CLAIM_TIME_IAT].given || times[CLAIM_TIME_IAT].value <= now + leeway);
}

static enum result check_own(const struct tokens *tokens, const struct jws *jws, int64_t now,
                             struct token_claims *out, struct reason *why)
{
    const struct claims_wish wish = {.audience = tokens->config.token_audience};
    struct claims claims;

    if (strcmp(jws->type, type_ours) != 0 ||
        !claims_read(jws->payload, jws->len, &wish, &claims) ||
        strcmp(claims.iss, tokens->config.token_issuer) != 0 || !claims.for_us ||
        claims.for_many || !is_subject(claims.sub) || !is_id(claims.sid) ||
        !is_id(claims.jti) || !claims.times[CLAIM_TIME_EXP].whole ||
        !claims.times[CLAIM_TIME_IAT].whole || !times_hold(&claims, now, 0))
        return denied(why);
    text_copy(out->subject, sizeof(out->subject), claims.sub);
    text_copy(out->session, sizeof(out->session), claims.sid);
    text_copy(out->jti, sizeof(out->jti), claims.jti);
    out->issued_at = claims.times[CLAIM_TIME_IAT].value;
    out->expires_at = claims.times[CLAIM_TIME_EXP].value;
    return RESULT_OK;
}

/* Its digits in base 62 of the first 16 bytes of an HMAC over issuer and sub. */
static enum result subject_name(const struct tokens *tokens, const struct claims *claims,
                                char out[TOKEN_SUBJECT_LEN + 1], struct reason *why)
{
    uint8_t digest[SECRET_MAC_BYTES];
    struct buf text = {0};
    enum result result;

    buf_puts(&text, "outside subject");
    buf_put(&text, "", 1); /* NUL, which is in neither of them */
    buf_puts(&text, claims->iss);
    buf_put(&text, "", 1);
    buf_puts(&text, claims->sub);
    result = buf_failed(&text)
                 ? RESULT_NOMEM
                 : secret_mac_digest(tokens->subjects, text.data, text.len, digest);
    buf_free(&text);
    if (result != RESULT_OK)
        return reason_set(why, result, "no digest of a token's subject");
    for (size_t i = 0; i < TOKEN_SUBJECT_LEN; i++) {
        unsigned rest = 0;

        for (size_t k = 0; k < 16; k++) {
            rest = rest << 8 | digest[k];
            digest[k] = (uint8_t)(rest / 62);
            rest %= 62;
        }
        out[i] = alphanumeric[rest];
    }
    out[TOKEN_SUBJECT_LEN] = '\0';
    return RESULT_OK;
}

static bool type_is_outside(const char *type)
{
    for (size_t i = 0; i < sizeof(types_outside) / sizeof(types_outside[0]); i++)
        if (strcasecmp(type, types_outside[i]) == 0)
            return true;
    return false;
}

static const char *name_of(const struct claims *claims)
{
    if (claims->preferred_username[0] != '\0')
        return claims->preferred_username;
    return claims->email[0] != '\0' ? claims->email : claims->shown_sub;
}

static enum result check_outside(const struct tokens *tokens, const struct jws *jws,
                                 int64_t now, struct token_claims *out, struct reason *why)
{
    const struct config *config = &tokens->config;
    const struct claims_wish wish = {.audience = config->jwks_audience,
                                     .role_claim = config->jwks_role_claim,
                                     .admin_roles = config->jwks_admin_roles,
                                     .user_roles = config->jwks_user_roles};
    struct claims claims;

    if (!type_is_outside(jws->type) || !claims_read(jws->payload, jws->len, &wish, &claims) ||
        strcmp(claims.iss, config->jwks_issuer) != 0 || !claims.for_us ||
        claims.sub[0] == '\0' || !times_hold(&claims, now, OUTSIDE_LEEWAY) ||
        (!claims.admin && !claims.user && config->jwks_user_roles[0] != '\0'))
        return denied(why);
    out->outside = true;
    out->admin = claims.admin;
    text_copy(out->name, sizeof(out->name), name_of(&claims));
    out->issued_at = claims.times[CLAIM_TIME_IAT].value;
    out->expires_at = claims.times[CLAIM_TIME_EXP].value;
    return subject_name(tokens, &claims, out->subject, why);
}

enum result token_check(struct tokens *tokens, const char *text, size_t len, int64_t now,
                        struct token_claims *out, struct reason *why)
{
    enum result result;
    struct jws jws;

    memset(out, 0, sizeof(*out));
    result = look(tokens, now, &tokens->own_looked, &tokens->own, own_refresh, why);
    if (result != RESULT_OK)
        return result;
    result = jws_verify(&tokens->own, text, len, &jws, NULL);
    if (result == RESULT_OK)
        return check_own(tokens, &jws, now, out, why);
    if (!has_outside(tokens))
        return denied(why);
    result = look(tokens, now, &tokens->outside_looked, &tokens->outside, outside_refresh, why);
    if (result != RESULT_OK)
        return result;
    result = jws_verify(&tokens->outside, text, len, &jws, NULL);
    return result == RESULT_OK ? check_outside(tokens, &jws, now, out, why) : denied(why);
}
