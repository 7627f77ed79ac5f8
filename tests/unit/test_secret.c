/*
 * test_secret.c: digests under a key are those of others, and there is always memory for keys.
 * That these are kept out of dumps is tests/api/sandbox.bats's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"
#include "base/vault.h"

enum {
    BLOCKS = 100,
    BLOCK = 4096 /* all of them are more than there is locked memory */
};

static void check_digest(const void *key, size_t key_len, const char *text,
                         const uint8_t want[SECRET_MAC_BYTES])
{
    struct secret_mac *mac;
    uint8_t got[SECRET_MAC_BYTES];
    struct reason why;

    assert_int_equal(secret_mac_new(key, key_len, &mac, &why), RESULT_OK);
    for (int i = 0; i < 2; i++) {
        memset(got, 0, sizeof(got));
        assert_int_equal(secret_mac_digest(mac, text, strlen(text), got), RESULT_OK);
        assert_memory_equal(got, want, sizeof(got));
    }
    secret_mac_free(mac);
}

/* RFC 4231, cases 2, 6 and 7: a short key, and one that is longer than a block. */
static void digests_are_those_of_the_standard(void **state)
{
    static const uint8_t of_short[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e,
                                       0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
                                       0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83,
                                       0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    static const uint8_t of_long[] = {0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f,
                                      0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5, 0xb7, 0x7f,
                                      0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28, 0xc5, 0x14,
                                      0x05, 0x46, 0x04, 0x0f, 0x0e, 0xe3, 0x7f, 0x54};
    static const uint8_t of_both_long[] = {0x9b, 0x09, 0xff, 0xa7, 0x1b, 0x94, 0x2f, 0xcb,
                                           0x27, 0x63, 0x5f, 0xbc, 0xd5, 0xb0, 0xe9, 0x44,
                                           0xbf, 0xdc, 0x63, 0x64, 0x4f, 0x07, 0x13, 0x93,
                                           0x8a, 0x7f, 0x51, 0x53, 0x5c, 0x3a, 0x35, 0xe2};
    uint8_t key[131];

    (void)state;
    memset(key, 0xaa, sizeof(key));
    check_digest("Jefe", 4, "what do ya want for nothing?", of_short);
    check_digest(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First",
                 of_long);
    check_digest(
        key, sizeof(key),
        "This is a test using a larger than block-size key and a larger than block-size "
        "data. The key needs to be hashed before being used by the HMAC algorithm.",
        of_both_long);
}

static void there_is_memory_for_keys_with_a_vault_that_is_full_and_without_one(void **state)
{
    static const uint8_t none[BLOCK];
    uint8_t *blocks[BLOCKS];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = vault_alloc(BLOCK);
            assert_non_null(blocks[i]);
            assert_memory_equal(blocks[i], none, BLOCK);
            memset(blocks[i], 'k', BLOCK);
        }
        for (int i = 0; i < BLOCKS; i++)
            vault_free(blocks[i], BLOCK);
        vault_open();
    }
    vault_free(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(there_is_memory_for_keys_with_a_vault_that_is_full_and_without_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
