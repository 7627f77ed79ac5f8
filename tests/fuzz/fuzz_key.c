/*
 * fuzz_key.c: any text as a key, as an invitation, and as what names a key, a job, a model or
 * a tier.
 *
 * - A key is of one form, whose check is the CRC-32 of what is before it, computed here in
 *   another way; a key with one character changed is none, and no key is an invitation.
 * - What a person may give for a key's id leads to an id of its length, or is refused without
 *   a word of it, since it may be a secret.
 * - A name that is taken is a part of a path, of a header and of a log as it is.
 */
#include "fuzz.h"

#include <ctype.h>

#include "gate/key.h"
#include "gate/queue.h"
#include "gate/registry.h"
#include "gate/tier.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Bit by bit, where key.c has a table; in 62 digits, the most significant first. */
static void check_of(const char *text, size_t len, char out[KEY_CHECK_LEN])
{
    uint64_t crc = 0xffffffff;

    for (size_t i = 0; i < len * 8; i++) {
        uint64_t bit = (crc ^ (uint64_t)((unsigned char)text[i / 8] >> i % 8)) & 1;

        crc = bit != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    crc ^= 0xffffffff;
    for (size_t i = 0; i < KEY_CHECK_LEN; i++) {
        out[KEY_CHECK_LEN - 1 - i] = digits[crc % 62];
        crc /= 62;
    }
}

static bool is_key(const char *prefix, const char *text, size_t len)
{
    static const size_t parts[] = {KEY_ID_LEN, KEY_SECRET_LEN, KEY_CHECK_LEN};
    const char *at = text + strlen(prefix), *end = text + len;
    char check[KEY_CHECK_LEN];

    if (len < strlen(prefix) || memcmp(text, prefix, strlen(prefix)) != 0)
        return false;
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < parts[i]; j++, at++)
            if (at == end || !isascii(*at) || !isalnum((unsigned char)*at))
                return false;
        if (i < 2 && (at == end || *at++ != '_'))
            return false;
    }
    if (at != end)
        return false;
    check_of(text, len - KEY_CHECK_LEN, check);
    return memcmp(check, end - KEY_CHECK_LEN, KEY_CHECK_LEN) == 0;
}

/* The first bytes of the text as a key's id and secret, with the check that belongs there. */
static void check_repaired(const char *text, size_t len)
{
    char key[KEY_TEXT_LEN + 1];

    if (len < KEY_TEXT_LEN)
        return;
    memcpy(key, text, KEY_TEXT_LEN);
    key[KEY_TEXT_LEN] = '\0';
    check_of(key, KEY_TEXT_LEN - KEY_CHECK_LEN, key + KEY_TEXT_LEN - KEY_CHECK_LEN);
    CHECK(key_text_valid(key, KEY_TEXT_LEN) == is_key("fg_", key, KEY_TEXT_LEN));
    if (!key_text_valid(key, KEY_TEXT_LEN))
        return;
    for (size_t i = 0; i < KEY_TEXT_LEN; i++) {
        key[i] ^= 1; /* one bit: CRC-32 finds all of these */
        CHECK(!key_text_valid(key, KEY_TEXT_LEN));
        key[i] ^= 1;
    }
    CHECK(!key_text_valid(key, KEY_TEXT_LEN - 1));
}

static void check_key(const char *text, size_t len)
{
    char id[KEY_ID_LEN + 1] = "", mask[KEY_MASK_LEN + 1];
    struct reason why = {{0}};

    CHECK(key_text_valid(text, len) == is_key("fg_", text, len));
    CHECK(key_secret_valid("fgi_", text, len) == is_key("fgi_", text, len));
    CHECK(!key_text_valid(text, len) || !key_secret_valid("fgi_", text, len));
    check_repaired(text, len);
    if (key_id_read(text, id, &why) == RESULT_OK) {
        CHECK(strlen(id) == KEY_ID_LEN);
        CHECK(strcmp(id, text) == 0 ||
              (is_key("fg_", text, strlen(text)) && memcmp(id, text + 3, KEY_ID_LEN) == 0));
        key_mask_print(mask, id);
        CHECK(strlen(mask) == KEY_MASK_LEN && strncmp(mask, "fg_", 3) == 0);
    } else {
        CHECK(why.text[0] != '\0');
        CHECK(strlen(text) < 24 || strstr(why.text, text) == NULL);
    }
}

/* A name is of lower case letters, digits and what is between them, and begins no hidden file.
 */
static void check_name(const char *name)
{
    CHECK(name[0] != '\0' && strchr("._-", name[0]) == NULL && strlen(name) <= 64);
    for (; *name != '\0'; name++)
        CHECK((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') ||
              strchr("._-", *name) != NULL);
}

static void check_names(const char *text, size_t len)
{
    char out[REGISTRY_SHARE_TEXT];
    int64_t share = -1, again;

    if (registry_name_valid(text))
        check_name(text);
    if (tier_name_valid(text))
        check_name(text);
    if (queue_uuid_valid(text, len)) {
        CHECK(len == 36 && strspn(text, "0123456789abcdef-") == len);
        CHECK(text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-');
    }
    if (registry_share_parse(text, &share)) {
        CHECK(share > 0 && share <= MODEL_SHARE_ALL);
        registry_share_print(out, share);
        CHECK(registry_share_parse(out, &again) && again == share);
    } else {
        CHECK(share == -1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_key(text, size);
    check_names(text, size);
    free(text);
    return 0;
}
