/*
 * jose.c: what signed and sealed texts in compact serialisation have in common.
 */
#include "gate/jose.h"

#include <string.h>

#include "base/base64url.h"
#include "base/json.h"

#define MEMBER(name)                                                                       \
    {                                                                                      \
#name, offsetof(struct jose_header, name), sizeof(((struct jose_header *)0)->name) \
    }

static const struct {
    const char *name;
    size_t offset, size;
} members[] = {
    MEMBER(alg), MEMBER(enc), MEMBER(typ), MEMBER(kid), MEMBER(sub),
};

/* Members that ask for something that is not done here. */
static const char *const refused[] = {"crit", "b64", "zip"};

bool jose_split(const char *text, size_t len, struct jose_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *dot = len > 0 ? memchr(text, '.', len) : NULL;
        size_t part = dot != NULL ? (size_t)(dot - text) : len;

        if ((dot != NULL) != (i + 1 < count))
            return false;
        parts[i] = (struct jose_part){text, part};
        text += part + (dot != NULL);
        len -= part + (dot != NULL);
    }
    return true;
}

/* The string that was just read, as the value of one of the members. */
static bool take_text(const struct json_reader *reader, struct jose_header *header, size_t row)
{
    char *to = (char *)header + members[row].offset;
    size_t len;
    const char *text = json_text(reader, &len);

    if (len == 0 || len >= members[row].size || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(to, text, len);
    to[len] = '\0';
    return true;
}

/* The member whose name was just read. */
static bool take_member(struct json_reader *reader, struct jose_header *header)
{
    const size_t count = sizeof(members) / sizeof(members[0]);
    size_t row = 0;

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (json_text_is(reader, refused[i]))
            return false;
    while (row < count && !json_text_is(reader, members[row].name))
        row++;
    if (row == count)
        return json_skip(reader);
    return json_next(reader) == JSON_STRING && take_text(reader, header, row);
}

bool jose_header_read(const struct jose_part *part, struct jose_header *out)
{
    char text[BASE64URL_BYTES(JOSE_HEADER_MAX)];
    struct json_reader reader = {0};
    bool good = false;
    size_t len;

    memset(out, 0, sizeof(*out));
    if (!base64url_read(part->text, part->len, text, sizeof(text), &len))
        return false;
    json_reader_start(&reader, text, len);
    if (json_next(&reader) == JSON_OBJECT) {
        enum json_token token = JSON_BAD;

        while ((token = json_next(&reader)) == JSON_KEY && take_member(&reader, out))
            ;
        good = token == JSON_OBJECT_END && json_next(&reader) == JSON_END;
    }
    json_reader_free(&reader);
    return good;
}

bool jose_kid_allows(const struct jose_header *header, const struct jwk *key)
{
    const char *kid = jwk_id(key);

    return header->kid[0] == '\0' || kid[0] == '\0' || strcmp(header->kid, kid) == 0;
}
