/*
 * key.c: API keys: their form, and what a row says.  Changing them is in key_change.c.
 */
#include "gate/key.h"

#include <string.h>

#include "base/secret.h"
#include "gate/tier.h"

static const char digits62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Of what is behind the prefix. */
enum {
    SECRET_AT = KEY_ID_LEN + 1,
    CHECK_AT = SECRET_AT + KEY_SECRET_LEN + 1,
    REST_LEN = CHECK_AT + KEY_CHECK_LEN,
    MASK_SHOWN = 4 /* characters of an id */
};

static const char key_prefix[] = "fg_";

_Static_assert(sizeof(key_prefix) - 1 + REST_LEN == KEY_TEXT_LEN, "a prefix and its rest");

/* CRC-32 (ISO 3309, as in zlib), a byte at a time by a table that is made at first use. */
static uint32_t crc32_of(const char *text, size_t len)
{
    static uint32_t table[256]; /* of 0 it is 0, of every other byte it is not */
    uint32_t crc = 0xffffffff;

    for (uint32_t byte = 0; table[255] == 0 && byte < 256; byte++) {
        table[byte] = byte;
        for (int bit = 0; bit < 8; bit++)
            table[byte] = table[byte] >> 1 ^ (table[byte] & 1) * 0xedb88320;
    }
    for (size_t i = 0; i < len; i++)
        crc = table[(crc ^ (unsigned char)text[i]) & 255] ^ crc >> 8;
    return ~crc;
}

/* The check of a text of this length. */
static void check_print(char out[KEY_CHECK_LEN], const char *text, size_t len)
{
    uint32_t crc = crc32_of(text, len);

    for (size_t i = KEY_CHECK_LEN; i-- > 0; crc /= 62)
        out[i] = digits62[crc % 62];
}

static const bool is_digit62[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

static bool all_digits62(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && is_digit62[(unsigned char)text[i]])
        i++;
    return i == len;
}

bool key_secret_valid(const char *prefix, const char *text, size_t len)
{
    size_t head = strlen(prefix);
    const char *rest = text + head;
    char check[KEY_CHECK_LEN];

    if (len != head + REST_LEN || memcmp(text, prefix, head) != 0 ||
        rest[SECRET_AT - 1] != '_' || rest[CHECK_AT - 1] != '_' ||
        !all_digits62(rest, KEY_ID_LEN) || !all_digits62(rest + SECRET_AT, KEY_SECRET_LEN) ||
        !all_digits62(rest + CHECK_AT, KEY_CHECK_LEN))
        return false;
    check_print(check, text, head + CHECK_AT);
    return memcmp(check, text + head + CHECK_AT, KEY_CHECK_LEN) == 0;
}

bool key_text_valid(const char *text, size_t len)
{
    return key_secret_valid(key_prefix, text, len);
}

enum result key_id_read(const char *text, char id[KEY_ID_LEN + 1], struct reason *why)
{
    size_t len = strlen(text);

    if (key_text_valid(text, len))
        text += sizeof(key_prefix) - 1;
    else if (len != KEY_ID_LEN)
        return reason_set(why, RESULT_INVALID,
                          "a key is named by its id, the %d characters that key list shows, or "
                          "by the whole key",
                          KEY_ID_LEN);
    memcpy(id, text, KEY_ID_LEN);
    id[KEY_ID_LEN] = '\0';
    return RESULT_OK;
}

/* Random characters, each of the 62 as likely as any other. */
static void random62(char *out, size_t len)
{
    enum {
        UNBIASED = 256 / 62 * 62
    };
    uint8_t bytes[64];

    for (size_t made = 0; made < len;) {
        secret_random(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes) && made < len; i++)
            if (bytes[i] < UNBIASED)
                out[made++] = digits62[bytes[i] % 62];
    }
    secret_wipe(bytes, sizeof(bytes));
}

void key_mask_print(char out[KEY_MASK_LEN + 1], const char *id)
{
    static const char mask[KEY_MASK_LEN + 1] = "fg_0000...";

    memcpy(out, mask, sizeof(mask));
    memcpy(out + sizeof(key_prefix) - 1, id, MASK_SHOWN);
}

void key_id_make(char id[KEY_ID_LEN + 1])
{
    random62(id, KEY_ID_LEN);
    id[KEY_ID_LEN] = '\0';
}

void key_secret_make(const char *prefix, char *text, const char *id)
{
    size_t head = strlen(prefix);
    char *rest = text + head;

    memcpy(text, prefix, head);
    if (id != NULL)
        memcpy(rest, id, KEY_ID_LEN);
    else
        random62(rest, KEY_ID_LEN);
    rest[SECRET_AT - 1] = '_';
    random62(rest + SECRET_AT, KEY_SECRET_LEN);
    rest[CHECK_AT - 1] = '_';
    check_print(rest + CHECK_AT, text, head + CHECK_AT);
    rest[REST_LEN] = '\0';
}

void key_text_make(char text[KEY_TEXT_LEN + 1], const char *id)
{
    key_secret_make(key_prefix, text, id);
}

enum result key_limits(const struct key_row *row, struct limits *out, struct reason *why)
{
    enum result result = tier_limits(&row->of_tier, out, why);
    struct limits own;

    if (result != RESULT_OK || row->owner.id[0] != '\0')
        return result;
    if (limits_parse(row->limits, &own, NULL) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED,
                          "the limits of key %s are none: mend it with forestgate key set",
                          row->id);
    limits_override(out, &own);
    return RESULT_OK;
}

enum key_state key_state_at(const struct key_row *row, int64_t now)
{
    if (row->revoked_at != 0)
        return KEY_REVOKED;
    return row->expires_at != 0 && row->expires_at <= now ? KEY_EXPIRED : KEY_ACTIVE;
}

const char *key_state_name(enum key_state state)
{
    static const char *const names[KEY_STATE__MAX] = {
        [KEY_ACTIVE] = "active", [KEY_EXPIRED] = "expired", [KEY_REVOKED] = "revoked"};

    return names[state];
}

bool key_models_have(const char *models, const char *model, size_t len)
{
    if (strcmp(models, "*") == 0)
        return true;
    for (;;) {
        size_t item = strcspn(models, ",");

        if (item == len && len > 0 && memcmp(models, model, len) == 0)
            return true;
        if (models[item] == '\0')
            return false;
        models += item + 1;
    }
}
