/*
 * token_help.h: what the tests of tokens share: a home, and tokens that hold but for one
 * thing.
 */
#ifndef TOKEN_HELP_H
#define TOKEN_HELP_H

#include "jose_help.h"

#include <unistd.h>

#include "base/file.h"
#include "fixture.h"
#include "gate/token.h"

#define NOW     INT64_C(1800000000)
#define SUBJECT "aB3dE6gH9jK2"
#define SESSION "AAAAAAAAAAAAAAAAAAAAAA"
#define HEADER  "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"

static struct home home;
static struct tokens *tokens;
static struct jwk *own_key; /* the home's secret, to forge with */
static struct token_claims claims;

static inline struct jwk *key_of_file(const char *path)
{
    struct buf text = {0};
    struct jwk *key;

    must(file_read(path, 4096, &text, &why));
    key = key_of_secret(text.data, text.len);
    buf_free(&text);
    return key;
}

static inline int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    must(tokens_open(&home.config, &tokens, &why));
    own_key = key_of_file(HOME_TOKEN_SECRET);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    jwk_free(own_key);
    tokens_close(tokens);
    tokens = NULL;
    fixture_close(&home);
    return 0;
}

static inline void set(const char *name, const char *value)
{
    must(config_set(&home.config, "test", name, value, &why));
}

static inline void reopen(void)
{
    tokens_close(tokens);
    must(tokens_open(&home.config, &tokens, &why));
}

/* Settings or keys with which nothing may start, and what the reason has to name. */
static inline void not_opened(enum result result, const char *part)
{
    struct tokens *none;

    if (tokens_open(&home.config, &none, &why) != result)
        fail_msg("not %s, with \"%s\"", result_text(result), part);
    assert_null(none);
    if (strstr(why.text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, why.text);
}

static inline void refused_n(const char *text, size_t len)
{
    enum result result = token_check(tokens, text, len, NOW, &claims, &why);

    if (result != RESULT_DENIED)
        fail_msg("%s: %.300s", result_text(result), text);
    assert_string_equal(why.text, "the token is not valid"); /* and so nothing of it */
}

static inline void refused(const char *text)
{
    refused_n(text, strlen(text));
}

static inline void taken(const char *text)
{
    if (token_check(tokens, text, strlen(text), NOW, &claims, &why) != RESULT_OK)
        fail_msg("was refused: %.300s", text);
}

/*
 * Claims as ours are, with one that stands in the place of the one of its name; as they are
 * for NULL, and without it for NULL as its value.
 */
static inline const char *claims_with(const char *name, const char *value)
{
    static const char *const all[][2] = {
        {"iss", "\"forestgate\""},  {"aud", "\"forestgate\""},  {"sub", "\"" SUBJECT "\""},
        {"sid", "\"" SESSION "\""}, {"jti", "\"" SESSION "\""}, {"iat", "1799999999"},
        {"exp", "1800000060"},
    };
    static char texts[4][65536];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    bool known = name == NULL;
    int len = 0;

    for (size_t i = 0; i < COUNT(all); i++) {
        const char *here = all[i][1];

        if (name != NULL && strcmp(all[i][0], name) == 0) {
            here = value;
            known = true;
        }
        if (here != NULL)
            len += snprintf(text + len, sizeof(texts[0]) - (size_t)len, "%c\"%s\":%s",
                            len == 0 ? '{' : ',', all[i][0], here);
    }
    if (!known && value != NULL)
        len += snprintf(text + len, sizeof(texts[0]) - (size_t)len, ",\"%s\":%s", name, value);
    snprintf(text + len, sizeof(texts[0]) - (size_t)len, "}");
    return text;
}

static inline const char *forge_own(const char *name, const char *value)
{
    return forge(own_key, HEADER, claims_with(name, value));
}

/* A token as it is issued, in a buffer that the caller frees. */
static inline struct buf issue(void)
{
    struct buf text = {0};

    must(token_issue(tokens, SUBJECT, SESSION, NOW, &text, &why));
    return text;
}

#endif
