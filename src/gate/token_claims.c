/*
 * token_claims.c: what a token's payload says.
 */
#include "gate/token_claims.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"

/* How a claim with a text is taken. */
enum kind {
    KIND_EXACT, /* as it is, or the token is refused */
    KIND_SHOWN  /* made fit to be shown; of another type it is not there */
};

#define MEMBER(name, kind, member)                                                        \
    {                                                                                     \
        name, kind, offsetof(struct claims, member), sizeof(((struct claims *)0)->member) \
    }

static const struct {
    const char *name;
    enum kind kind;
    size_t offset, size;
} texts[] = {
    MEMBER("iss", KIND_EXACT, iss),
    MEMBER("sub", KIND_EXACT, sub),
    MEMBER("sid", KIND_EXACT, sid),
    MEMBER("jti", KIND_EXACT, jti),
    MEMBER("preferred_username", KIND_SHOWN, preferred_username),
    MEMBER("email", KIND_SHOWN, email),
};

static const char *const times[CLAIM_TIME__MAX] = {
    [CLAIM_TIME_EXP] = "exp",
    [CLAIM_TIME_NBF] = "nbf",
    [CLAIM_TIME_IAT] = "iat",
};

struct reading {
    struct json_reader reader;
    const struct claims_wish *wish;
    struct claims *out;
};

static bool take_exact(const struct json_reader *reader, char *out, size_t size)
{
    size_t len;
    const char *text = json_text(reader, &len);

    if (len >= size || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

/* The value of a claim with a text. */
static bool take_text(struct reading *reading, size_t row)
{
    char *to = (char *)reading->out + texts[row].offset;
    enum json_token token = json_next(&reading->reader);
    const char *text;
    size_t len;

    if (texts[row].kind == KIND_EXACT)
        return token == JSON_STRING && take_exact(&reading->reader, to, texts[row].size);
    if (token == JSON_STRING) {
        text = json_text(&reading->reader, &len);
        utf8_quote(to, texts[row].size, text, len);
    }
    return json_skip_rest(&reading->reader, token);
}

static bool take_time(struct reading *reading, struct claim_time *out)
{
    double number;

    if (json_next(&reading->reader) != JSON_NUMBER)
        return false;
    out->given = true;
    out->whole = json_integer(&reading->reader, &out->value);
    if (out->whole)
        return true;
    number = floor(json_number(&reading->reader));
    if (number < -9223372036854775808.0 || number >= 9223372036854775808.0)
        return false;
    out->value = (int64_t)number;
    return true;
}

/* aud: one string, or an array of them. */
static bool take_audience(struct reading *reading)
{
    struct json_reader *reader = &reading->reader;
    enum json_token token = json_next(reader);

    if (token == JSON_STRING) {
        reading->out->for_us = json_text_is(reader, reading->wish->audience);
        return true;
    }
    reading->out->for_many = true;
    if (token != JSON_ARRAY)
        return false;
    while ((token = json_next(reader)) == JSON_STRING)
        if (json_text_is(reader, reading->wish->audience))
            reading->out->for_us = true;
    return token == JSON_ARRAY_END;
}

/* Whether one of the words of a list, which have commas between, is this one. */
static bool list_has(const char *list, const char *word, size_t len)
{
    while (*list != '\0') {
        size_t here = strcspn(list, ",");

        if (here == len && memcmp(list, word, len) == 0)
            return true;
        list += here + (list[here] == ',');
    }
    return false;
}

static void take_role(struct reading *reading, const char *word, size_t len)
{
    if (len == 0)
        return;
    if (list_has(reading->wish->admin_roles, word, len))
        reading->out->admin = true;
    if (list_has(reading->wish->user_roles, word, len))
        reading->out->user = true;
}

/* A string of roles with blanks or commas between. */
static void take_role_words(struct reading *reading)
{
    size_t len, begin = 0;
    const char *text = json_text(&reading->reader, &len);

    for (size_t i = 0; i <= len; i++)
        if (i == len || text[i] == ' ' || text[i] == ',') {
            take_role(reading, text + begin, i - begin);
            begin = i + 1;
        }
}

/* The value of the claim that has the roles, whose first token is read. */
static bool take_roles(struct reading *reading, enum json_token token)
{
    struct json_reader *reader = &reading->reader;
    const char *text;
    size_t len;

    if (token == JSON_STRING)
        take_role_words(reading);
    if (token != JSON_ARRAY)
        return json_skip_rest(reader, token);
    while ((token = json_next(reader)) != JSON_ARRAY_END) {
        if (token == JSON_STRING) {
            text = json_text(reader, &len);
            take_role(reading, text, len);
        } else if (!json_skip_rest(reader, token)) {
            return false;
        }
    }
    return true;
}

/*
 * What is left of the path behind the key just read: "" if the key is all of it, NULL if the
 * key is not on it.  A claim's name may itself have dots.
 */
static const char *path_behind(const struct json_reader *reader, const char *path)
{
    size_t len;
    const char *key = json_text(reader, &len);

    if (len == 0 || strncmp(path, key, len) != 0 || memchr(key, '\0', len) != NULL)
        return NULL;
    if (path[len] == '\0')
        return path + len;
    return path[len] == '.' ? path + len + 1 : NULL;
}

/*
 * The value of a claim that is on the path, which comes next, with what is left of the path.
 * It calls itself once for each object on the path, which is a setting's.
 */
static bool take_path(struct reading *reading, const char *path)
{
    struct json_reader *reader = &reading->reader;
    enum json_token token = json_next(reader);
    const char *rest;

    if (*path == '\0')
        return take_roles(reading, token);
    if (token != JSON_OBJECT)
        return json_skip_rest(reader, token);
    while ((token = json_next(reader)) == JSON_KEY) {
        rest = path_behind(reader, path);
        if (rest != NULL ? !take_path(reading, rest) : !json_skip(reader))
            return false;
    }
    return token == JSON_OBJECT_END;
}

/* The claim whose name was just read. */
static bool take_claim(struct reading *reading)
{
    struct json_reader *reader = &reading->reader;
    const char *path = NULL;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (json_text_is(reader, texts[i].name))
            return take_text(reading, i);
    for (size_t i = 0; i < CLAIM_TIME__MAX; i++)
        if (json_text_is(reader, times[i]))
            return take_time(reading, &reading->out->times[i]);
    if (json_text_is(reader, "aud"))
        return take_audience(reading);
    if (reading->wish->role_claim != NULL)
        path = path_behind(reader, reading->wish->role_claim);
    return path != NULL ? take_path(reading, path) : json_skip(reader);
}

bool claims_read(const char *payload, size_t len, const struct claims_wish *wish,
                 struct claims *out)
{
    struct reading reading = {.wish = wish, .out = out};
    enum json_token token = JSON_BAD;
    bool good = true;

    memset(out, 0, sizeof(*out));
    json_reader_start(&reading.reader, payload, len);
    if (json_next(&reading.reader) == JSON_OBJECT)
        while (good && (token = json_next(&reading.reader)) == JSON_KEY)
            good = take_claim(&reading);
    good = good && token == JSON_OBJECT_END && json_next(&reading.reader) == JSON_END;
    json_reader_free(&reading.reader);
    utf8_quote(out->shown_sub, sizeof(out->shown_sub), out->sub, strlen(out->sub));
    return good;
}
