/*
 * key.c: API keys: their form, their making and their end.
 */
#include "gate/key.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"
#include "gate/registry.h"

static const char digits62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum {
    HEAD_LEN = 3,
    CHECK_AT = KEY_TEXT_LEN - KEY_CHECK_LEN
};

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

static void check_print(char out[KEY_CHECK_LEN], const char *text)
{
    uint32_t crc = crc32_of(text, CHECK_AT);

    for (size_t i = KEY_CHECK_LEN; i-- > 0; crc /= 62)
        out[i] = digits62[crc % 62];
}

static const bool is_digit62[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

bool key_text_valid(const char *text, size_t len)
{
    char check[KEY_CHECK_LEN];

    if (len != KEY_TEXT_LEN || memcmp(text, "fg_", HEAD_LEN) != 0)
        return false;
    for (size_t i = HEAD_LEN; i < KEY_TEXT_LEN; i++) {
        bool separator = i == HEAD_LEN + KEY_ID_LEN || i == CHECK_AT - 1;

        if (separator ? text[i] != '_' : !is_digit62[(unsigned char)text[i]])
            return false;
    }
    check_print(check, text);
    return memcmp(check, text + CHECK_AT, KEY_CHECK_LEN) == 0;
}

enum result key_id_read(const char *text, char id[KEY_ID_LEN + 1], struct reason *why)
{
    size_t len = strlen(text);

    if (key_text_valid(text, len))
        text += HEAD_LEN;
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

static void text_make(char text[KEY_TEXT_LEN + 1])
{
    memcpy(text, "fg_", HEAD_LEN);
    random62(text + HEAD_LEN, KEY_ID_LEN);
    text[HEAD_LEN + KEY_ID_LEN] = '_';
    random62(text + HEAD_LEN + KEY_ID_LEN + 1, KEY_SECRET_LEN);
    text[CHECK_AT - 1] = '_';
    check_print(text + CHECK_AT, text);
    text[KEY_TEXT_LEN] = '\0';
}

static enum result name_check(const char *name, struct reason *why)
{
    size_t len = strlen(name);

    if (len == 0 || len > KEY_NAME_MAX || !utf8_valid(name, len))
        return reason_set(why, RESULT_INVALID, "a key's name has 1 to %d bytes of UTF-8",
                          KEY_NAME_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return reason_set(why, RESULT_INVALID, "a key's name has no control characters");
    return RESULT_OK;
}

/* "*", or names of published models separated by single commas. */
static enum result models_check(struct home *home, const char *models, struct reason *why)
{
    enum result result = RESULT_OK;
    char name[MODEL_NAME_MAX + 1];
    size_t len;

    if (strcmp(models, "*") == 0)
        return RESULT_OK;
    if (strlen(models) > KEY_MODELS_MAX)
        return reason_set(why, RESULT_TOO_BIG, "a key's models have at most %d characters",
                          KEY_MODELS_MAX);
    for (; result == RESULT_OK; models += len + 1) {
        len = strcspn(models, ",");
        if (len == 0 || len > MODEL_NAME_MAX)
            return reason_set(
                why, RESULT_INVALID,
                "models are \"*\" or names separated by commas, such as iris,wine");
        memcpy(name, models, len);
        name[len] = '\0';
        result = registry_has(home, name, why);
        if (models[len] == '\0')
            break;
    }
    return result;
}

enum result key_create(struct home *home, const char *name, const char *models,
                       int64_t expires_at, char text[KEY_TEXT_LEN + 1], struct key_row *row,
                       struct reason *why)
{
    enum result result;

    memset(row, 0, sizeof(*row));
    result = name_check(name, why);
    if (result == RESULT_OK)
        result = models_check(home, models, why);
    if (result != RESULT_OK)
        return result;
    text_make(text);
    memcpy(row->id, text + HEAD_LEN, KEY_ID_LEN);
    text_copy(row->name, sizeof(row->name), name);
    text_copy(row->models, sizeof(row->models), models);
    row->created_at = clock_wall_us() / 1000000;
    row->expires_at = expires_at;
    if (secret_mac_digest(home->key_mac, text, KEY_TEXT_LEN, row->mac) != RESULT_OK)
        return reason_set(why, RESULT_FAILED, "libcrypto could not make a digest");
    result = home_change_begin(home, why);
    if (result == RESULT_OK)
        result = home_change_end(home, key_row_insert(home->db, row, why), why);
    return result;
}

enum result key_revoke(struct home *home, const char *id, struct reason *why)
{
    enum result result = home_change_begin(home, why);

    if (result != RESULT_OK)
        return result;
    result = key_row_revoke(home->db, id, clock_wall_us() / 1000000, why);
    return home_change_end(home, result, why);
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

        if (item == len && memcmp(models, model, len) == 0)
            return true;
        if (models[item] == '\0')
            return false;
        models += item + 1;
    }
}
