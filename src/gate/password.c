/*
 * password.c: how passwords are kept, and how many are hashed at once.
 *
 * A hash from the database is handed to libxcrypt only if it is of one of the two methods of
 * methods[], of its full form and of a bounded cost.  Anything else is nobody's password, so
 * that a row can neither bring back DES nor keep a worker busy for an hour.
 */
#include "gate/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/secret.h"
#include "base/text.h"
#include "gate/slots.h"

enum {
    PHRASE_MAX = CRYPT_MAX_PASSPHRASE_SIZE - 1, /* bytes that libxcrypt takes */
    SHA512_BYTES = 64,
    SALT_BYTES = 16,
    COST_MAX = 11,
    BYTES_MAX = 4 * PASSWORD_MAX,
    BCRYPT_LEN = 60,
    BCRYPT_PHRASE_MAX = 72, /* bytes that bcrypt looks at */
    BCRYPT_COST_MAX = 15,   /* some seconds */
};

_Static_assert(CRYPT_OUTPUT_SIZE <= USER_PASSWORD_MAX + 1, "a hash fits in a row");
_Static_assert(SHA512_BYTES * 4 / 3 + 4 <= PHRASE_MAX, "a digest fits in a phrase");

static const char yescrypt[] = "$y$";

/* crypt(5)'s own base 64. */
static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static enum result setting_make(int cost, const uint8_t salt[SALT_BYTES],
                                char out[CRYPT_OUTPUT_SIZE], struct reason *why)
{
    if (crypt_gensalt_rn(yescrypt, (unsigned long)cost, (const char *)salt, SALT_BYTES, out,
                         CRYPT_OUTPUT_SIZE) != NULL)
        return RESULT_OK;
    return reason_set(why, RESULT_FAILED, "libcrypt could not begin a hash of cost %d", cost);
}

/* How long "$y$j9T$" is, by which yescrypt's cost is told. */
static size_t head_len(const char *setting)
{
    size_t len = sizeof(yescrypt) - 1;

    len += strcspn(setting + len, "$");
    return len + (setting[len] == '$');
}

/* A yescrypt hash: head, salt, $, and 256 bits; of a cost that libxcrypt gives. */
static int yescrypt_cost(const char *hash)
{
    static const uint8_t salt[SALT_BYTES];
    char setting[CRYPT_OUTPUT_SIZE];
    size_t salt_len, len;

    if (strncmp(hash, yescrypt, sizeof(yescrypt) - 1) != 0)
        return 0;
    len = head_len(hash);
    salt_len = strspn(hash + len, digits);
    if (salt_len == 0 || salt_len > 86 || hash[len + salt_len] != '$' ||
        strspn(hash + len + salt_len + 1, digits) != 43 ||
        hash[len + salt_len + 1 + 43] != '\0')
        return 0;
    for (int cost = 1; cost <= COST_MAX; cost++)
        if (setting_make(cost, salt, setting, NULL) == RESULT_OK && head_len(setting) == len &&
            memcmp(setting, hash, len) == 0)
            return cost;
    return 0;
}

/* bcrypt: $2b$, two digits of cost, $, 22 of salt and 31 of hash. */
static int bcrypt_cost(const char *hash)
{
    int cost;

    if (strlen(hash) != BCRYPT_LEN || hash[0] != '$' || hash[1] != '2' ||
        strchr("aby", hash[2]) == NULL || hash[3] != '$' || hash[4] < '0' || hash[4] > '9' ||
        hash[5] < '0' || hash[5] > '9' || hash[6] != '$' || strspn(hash + 7, digits) != 53)
        return 0;
    cost = (hash[4] - '0') * 10 + hash[5] - '0';
    return cost >= 4 && cost <= BCRYPT_COST_MAX ? cost : 0;
}

static const struct {
    int (*cost)(const char *hash); /* 0: it is not one of these */
    size_t phrase_max;             /* bytes of a password that count */
    bool old;
} methods[] = {
    {yescrypt_cost, PHRASE_MAX, false},
    {bcrypt_cost, BCRYPT_PHRASE_MAX, true},
};

enum {
    METHODS = sizeof(methods) / sizeof(methods[0])
};

static size_t method_of(const char *hash)
{
    size_t i = 0;

    while (i < METHODS && methods[i].cost(hash) == 0)
        i++;
    return i;
}

bool password_hash_known(const char *hash)
{
    return method_of(hash) < METHODS;
}

/*
 * What libxcrypt is given: the password, or the SHA-512 in base 64 of one that is longer than
 * it takes.  What can be nobody's password becomes one that is nobody's.
 */
static bool phrase_make(const char *password, size_t len, size_t most, char out[PHRASE_MAX + 1])
{
    uint8_t digest[SHA512_BYTES];
    unsigned made = 0;

    if (len > BYTES_MAX || memchr(password, '\0', len) != NULL)
        len = 0;
    if (len <= PHRASE_MAX || most < PHRASE_MAX) {
        len = len < most ? len : most;
        memcpy(out, password, len);
        out[len] = '\0';
        return len > 0;
    }
    if (EVP_Digest(password, len, digest, &made, EVP_sha512(), NULL) != 1)
        made = 0;
    EVP_EncodeBlock((unsigned char *)out, digest, (int)made);
    secret_wipe(digest, sizeof(digest));
    return made > 0;
}

/* Runs libxcrypt.  The megabytes it works in are mapped by it and given back. */
static enum result hash_run(const char *phrase, const char *setting,
                            char out[USER_PASSWORD_MAX + 1], struct reason *why)
{
    struct crypt_data *data = calloc(1, sizeof(*data));
    enum result result = RESULT_OK;
    const char *made;

    if (data == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the hash of a password");
    made = crypt_r(phrase, setting, data);
    if (made == NULL || made[0] == '*')
        result = errno == ENOMEM
                     ? reason_set(why, RESULT_NOMEM, "no memory for the hash of a password")
                     : reason_set(why, RESULT_FAILED, "libcrypt could not hash a password");
    else
        text_copy(out, USER_PASSWORD_MAX + 1, made);
    secret_wipe(data, sizeof(*data));
    free(data);
    return result;
}

static enum result slot_take(const struct home *home, int *slot, struct reason *why)
{
    return slots_take(home, HOME_HASHING, home->config.password_hashes,
                      "too many passwords are looked at just now: try again", slot, why);
}

enum result password_hash(struct home *home, const char *password, size_t len,
                          char out[USER_PASSWORD_MAX + 1], struct reason *why)
{
    char setting[CRYPT_OUTPUT_SIZE], phrase[PHRASE_MAX + 1];
    uint8_t salt[SALT_BYTES];
    enum result result;
    int slot;

    secret_random(salt, sizeof(salt));
    result = setting_make((int)home->config.password_cost, salt, setting, why);
    if (result == RESULT_OK && !phrase_make(password, len, PHRASE_MAX, phrase))
        result = reason_set(why, RESULT_INVALID, "that cannot be a password");
    if (result != RESULT_OK)
        return result;
    result = slot_take(home, &slot, why);
    if (result == RESULT_OK)
        result = hash_run(phrase, setting, out, why);
    slots_give(slot);
    secret_wipe(phrase, sizeof(phrase));
    return result;
}

static bool is_stale(const struct home *home, size_t method, const char *hash)
{
    return methods[method].old || methods[method].cost(hash) < home->config.password_cost;
}

enum result password_check(struct home *home, const char *hash, const char *password,
                           size_t len, bool *stale, struct reason *why)
{
    static const uint8_t nobodys_salt[SALT_BYTES];
    char made[USER_PASSWORD_MAX + 1] = "", nobodys[CRYPT_OUTPUT_SIZE];
    char phrase[PHRASE_MAX + 1];
    size_t method = hash != NULL ? method_of(hash) : METHODS;
    enum result result = RESULT_OK;
    bool right = method < METHODS;
    int slot;

    *stale = false;
    if (!right) {
        method = 0;
        result = setting_make((int)home->config.password_cost, nobodys_salt, nobodys, why);
        hash = nobodys;
    }
    if (result == RESULT_OK)
        result = slot_take(home, &slot, why);
    if (result != RESULT_OK)
        return result;
    right = phrase_make(password, len, methods[method].phrase_max, phrase) && right;
    result = hash_run(phrase, hash, made, why);
    slots_give(slot);
    secret_wipe(phrase, sizeof(phrase));
    if (result != RESULT_OK)
        return result;
    right = strlen(made) == strlen(hash) && secret_equal(made, hash, strlen(made)) && right;
    *stale = right && is_stale(home, method, hash);
    return right ? RESULT_OK : reason_set(why, RESULT_DENIED, "the password is not right");
}
