/*
 * secret.c: random bytes, keyed digests, and the handling of secrets in memory.
 *
 * A secret never goes into a reason, a log or an argument of a format.
 */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/file.h"
#include "base/vault.h"

/* getrandom() gives up to 256 bytes whole, never less: see getrandom(2). */
enum {
    POOL_BYTES = 256
};

/* RFC 2104, section 2, with the block of SHA-256. */
enum {
    MAC_BLOCK = 64,
    MAC_PADS = 2 * MAC_BLOCK,
    MAC_INNER = 0x36,
    MAC_OUTER = 0x5c
};

struct secret_mac {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
    uint8_t *pads; /* inner and outer, in the vault */
};

void secret_random(void *out, size_t len)
{
    unsigned char *at = out;
    ssize_t got;

    while (len > 0) {
        got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            perror("forestgate: getrandom");
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

static size_t pool_left;

/* A child must not hand out its parent's bytes again. */
static void pool_empty(void)
{
    pool_left = 0;
}

void secret_random_pooled(void *out, size_t len)
{
    static unsigned char pool[POOL_BYTES];
    static bool watched;

    if (!watched)
        watched = pthread_atfork(NULL, NULL, pool_empty) == 0;
    if (len > pool_left) {
        secret_random(pool, sizeof(pool));
        pool_left = sizeof(pool);
    }
    pool_left -= len;
    memcpy(out, pool + pool_left, len);
}

void secret_wipe(void *bytes, size_t len)
{
    explicit_bzero(bytes, len);
}

bool secret_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

/* The key in the two forms that RFC 2104 has of it. */
static bool pads_take(struct secret_mac *mac, const uint8_t *key, size_t len)
{
    uint8_t digest[SECRET_MAC_BYTES];
    bool good = true;

    if (len > MAC_BLOCK) {
        good = EVP_Digest(key, len, digest, NULL, mac->algorithm, NULL) == 1;
        key = digest;
        len = sizeof(digest);
    }
    for (size_t i = 0; i < MAC_BLOCK; i++) {
        mac->pads[i] = (uint8_t)((i < len ? key[i] : 0) ^ MAC_INNER);
        mac->pads[MAC_BLOCK + i] = (uint8_t)((i < len ? key[i] : 0) ^ MAC_OUTER);
    }
    secret_wipe(digest, sizeof(digest));
    return good;
}

/*
 * Not by libcrypto's own EVP_MAC, which keeps a copy of the key, and what is as good as the
 * key, in memory like any other.
 */
enum result secret_mac_new(const void *key, size_t len, struct secret_mac **out,
                           struct reason *why)
{
    struct secret_mac *mac;

    *out = NULL;
    mac = calloc(1, sizeof(*mac));
    if (mac == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for a digest");
    mac->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    mac->context = EVP_MD_CTX_new();
    mac->pads = vault_alloc(MAC_PADS);
    if (mac->algorithm == NULL || mac->context == NULL || mac->pads == NULL ||
        !pads_take(mac, key, len)) {
        secret_mac_free(mac);
        return reason_set(why, RESULT_FAILED, "libcrypto has no SHA-256");
    }
    *out = mac;
    return RESULT_OK;
}

/* The digest of one of the two forms of the key and what follows it. */
static bool pad_digest(struct secret_mac *mac, size_t pad, const void *data, size_t len,
                       uint8_t out[SECRET_MAC_BYTES])
{
    return EVP_DigestInit_ex2(mac->context, mac->algorithm, NULL) == 1 &&
           EVP_DigestUpdate(mac->context, mac->pads + pad, MAC_BLOCK) == 1 &&
           EVP_DigestUpdate(mac->context, data, len) == 1 &&
           EVP_DigestFinal_ex(mac->context, out, NULL) == 1;
}

enum result secret_mac_digest(struct secret_mac *mac, const void *data, size_t len,
                              uint8_t out[SECRET_MAC_BYTES])
{
    uint8_t inner[SECRET_MAC_BYTES];
    bool good = pad_digest(mac, 0, data, len, inner) &&
                pad_digest(mac, MAC_BLOCK, inner, sizeof(inner), out);

    secret_wipe(inner, sizeof(inner));
    return good ? RESULT_OK : RESULT_FAILED;
}

void secret_mac_free(struct secret_mac *mac)
{
    if (mac == NULL)
        return;
    EVP_MD_CTX_free(mac->context);
    EVP_MD_free(mac->algorithm);
    vault_free(mac->pads, MAC_PADS);
    free(mac);
}

enum result secret_mac_derive(struct secret_mac *from, const void *label, size_t len,
                              struct secret_mac **out, struct reason *why)
{
    uint8_t key[SECRET_MAC_BYTES];
    enum result result = secret_mac_digest(from, label, len, key);

    *out = NULL;
    if (result == RESULT_OK)
        result = secret_mac_new(key, sizeof(key), out, why);
    else
        reason_set(why, result, "libcrypto could not derive a key");
    secret_wipe(key, sizeof(key));
    return result;
}

/* Opens a secret file, which has to be its owner's alone; -1 with the reason and result. */
static int open_secret(const char *path, struct stat *st, enum result *result,
                       struct reason *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    *result = RESULT_OK;
    if (fd < 0 || fstat(fd, st) != 0)
        *result = reason_errno(why, "%s", path);
    else if (!S_ISREG(st->st_mode))
        *result = reason_set(why, RESULT_INVALID, "%s: it is no file", path);
    else if ((st->st_mode & 077) != 0)
        *result = reason_set(why, RESULT_DENIED,
                             "%s: others may read this secret; mend it with: chmod 600 %s",
                             path, path);
    if (*result == RESULT_OK)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

enum result secret_file_read(const char *path, uint8_t out[SECRET_BYTES], struct reason *why)
{
    enum result result;
    uint8_t more;
    struct stat st;
    int fd = open_secret(path, &st, &result, why);

    if (fd < 0)
        return result;
    if (st.st_size != SECRET_BYTES || read(fd, out, SECRET_BYTES) != SECRET_BYTES ||
        read(fd, &more, 1) != 0)
        result = reason_set(why, RESULT_INVALID, "%s: a secret file has exactly %d bytes", path,
                            SECRET_BYTES);
    close(fd);
    return result;
}

/* Room for all of it at once, so that no copy is left where a buffer has grown. */
enum result secret_file_load(const char *path, size_t max, struct buf *out, struct reason *why)
{
    size_t before = out->len;
    enum result result;
    ssize_t got = 1;
    struct stat st;
    char *room;
    int fd = open_secret(path, &st, &result, why);

    if (fd < 0)
        return result;
    room = buf_reserve(out, max + 1);
    if (room == NULL)
        result = reason_set(why, RESULT_NOMEM, "%s: out of memory", path);
    while (result == RESULT_OK && got > 0 && out->len - before <= max) {
        got = read(fd, out->data + out->len, max + 1 - (out->len - before));
        if (got < 0)
            result = reason_errno(why, "%s", path);
        else
            buf_advance(out, (size_t)got);
    }
    if (result == RESULT_OK && (out->len == before || out->len - before > max))
        result =
            reason_set(why, RESULT_INVALID, "%s: it has to have 1 to %zu bytes", path, max);
    close(fd);
    return result;
}

void secret_buf_free(struct buf *buf)
{
    if (buf->data != NULL)
        secret_wipe(buf->data, buf->cap);
    buf_free(buf);
}

enum result secret_file_make(const char *path, struct reason *why)
{
    return access(path, F_OK) == 0 ? RESULT_OK : secret_file_replace(path, why);
}

enum result secret_file_replace(const char *path, struct reason *why)
{
    uint8_t bytes[SECRET_BYTES];
    enum result result;

    secret_random(bytes, sizeof(bytes));
    result = file_write_atomic(path, bytes, sizeof(bytes), 0600, why);
    secret_wipe(bytes, sizeof(bytes));
    return result;
}
