/*
 * vault.c: memory for keys, which is libcrypto's secure heap (OPENSSL_secure_malloc(3)).
 *
 * It is made once, of a fixed size, with room for twice the thousand keys that a home may seal
 * with (they are read anew before the old ones go), and what else there is.  A page of it takes
 * memory when it is first used.
 */
#include "base/vault.h"

#include <openssl/crypto.h>

enum {
    VAULT_BYTES = 128 << 10,
    SMALLEST = 32
};

void vault_open(void)
{
    CRYPTO_secure_malloc_init(VAULT_BYTES, SMALLEST);
}

void *vault_alloc(size_t len)
{
    void *bytes = OPENSSL_secure_zalloc(len);

    return bytes != NULL ? bytes : OPENSSL_zalloc(len); /* it is full */
}

void vault_free(void *bytes, size_t len)
{
    OPENSSL_secure_clear_free(bytes, len);
}
