/*
 * json_keys.c: the stack of keys and the table over it.
 *
 * Invariants: keys enter the table in the order of the stack and leave it in reverse,
 * so removing one is clearing its slot: no key that is still there was moved past it.
 * The table is never over half full.  A key found in the table belongs to the object
 * opened last exactly if its index is not below that object's first.
 */
#include "base/json_keys.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum {
    KEYS_FIRST = 32,
    BYTES_FIRST = 1024,
    TABLE_FIRST = 64
};

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

/*
 * SipHash-1-3 (Aumasson, Bernstein 2012), as hash tables elsewhere use it.  `tweak`
 * tells apart the same key in objects within each other.
 */
static uint32_t hash_key(const uint64_t seed[2], uint64_t tweak, const char *text, size_t len)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ tweak ^ 0x646f72616e646f6d,
                     seed[0] ^ 0x6c7967656e657261, seed[1] ^ tweak ^ 0x7465646279746573};
    uint64_t word, last = (uint64_t)len << 56;
    size_t i;

    for (i = 0; len - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, text + i, sizeof(word));
        sip_word(v, le64toh(word));
    }
    for (word = 0; i < len; i++)
        word = word << 8 | (unsigned char)text[i];
    sip_word(v, last | word);
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* The array with room for `need` things of `size` bytes, doubled if it must; or NULL. */
static void *grow(void *array, size_t *cap, size_t need, size_t first, size_t size)
{
    size_t larger = *cap != 0 ? *cap : first;
    void *grown;

    if (need <= *cap)
        return array;
    while (larger < need)
        larger *= 2;
    grown = realloc(array, larger * size);
    if (grown != NULL)
        *cap = larger;
    return grown;
}

static bool same(const struct json_keys *keys, const struct json_key *key, const char *text,
                 size_t len)
{
    return key->len == len && memcmp(keys->bytes + key->at, text, len) == 0;
}

static bool list_has(const struct json_keys *keys, size_t first, const char *text, size_t len)
{
    size_t i;

    for (i = first; i < keys->count; i++) {
        if (same(keys, &keys->keys[i], text, len))
            return true;
    }
    return false;
}

static bool table_has(const struct json_keys *keys, size_t first, uint32_t hash,
                      const char *text, size_t len)
{
    size_t mask = keys->table_cap - 1, slot = hash & mask, index;

    for (; keys->table[slot] != 0; slot = (slot + 1) & mask) {
        index = keys->table[slot] - 1;
        if (index >= first && keys->keys[index].hash == hash &&
            same(keys, &keys->keys[index], text, len))
            return true;
    }
    return false;
}

static void table_put(struct json_keys *keys, size_t index)
{
    size_t mask = keys->table_cap - 1, slot = keys->keys[index].hash & mask;

    while (keys->table[slot] != 0)
        slot = (slot + 1) & mask;
    keys->table[slot] = (uint32_t)index + 1;
    keys->table_count++;
}

static void table_remove(struct json_keys *keys, size_t index)
{
    size_t mask = keys->table_cap - 1, slot = keys->keys[index].hash & mask;

    while (keys->table[slot] != index + 1)
        slot = (slot + 1) & mask;
    keys->table[slot] = 0;
    keys->table_count--;
}

/* Room for that many more keys; a larger table is filled in the order of the stack. */
static bool table_reserve(struct json_keys *keys, size_t extra)
{
    size_t cap = keys->table_cap != 0 ? keys->table_cap : TABLE_FIRST, i;
    uint32_t *table;

    while ((keys->table_count + extra) * 2 > cap)
        cap *= 2;
    if (cap == keys->table_cap)
        return true;
    table = calloc(cap, sizeof(*table));
    if (table == NULL)
        return false;
    free(keys->table);
    keys->table = table;
    keys->table_cap = cap;
    keys->table_count = 0;
    for (i = 0; i < keys->count; i++) {
        if (keys->keys[i].hashed)
            table_put(keys, i);
    }
    return true;
}

/* Brings the keys that were only listed so far into the table. */
static bool scope_hash(struct json_keys *keys, struct json_scope *scope)
{
    struct json_key *key;
    size_t i;

    if (!table_reserve(keys, keys->count - scope->first))
        return false;
    if (!keys->seeded)
        secret_random(keys->seed, sizeof(keys->seed));
    keys->seeded = true;
    for (i = scope->first; i < keys->count; i++) {
        key = &keys->keys[i];
        key->hash = hash_key(keys->seed, scope->first, keys->bytes + key->at, key->len);
        key->hashed = true;
        table_put(keys, i);
    }
    scope->hashed = true;
    return true;
}

/* One byte more is reserved, so that an empty key has an address too. */
static enum result keep(struct json_keys *keys, const char *text, size_t len)
{
    struct json_key *list;
    char *bytes;

    if (keys->count >= JSON_KEYS_MAX || len > JSON_KEY_BYTES_MAX - keys->bytes_len)
        return RESULT_TOO_BIG;
    list = grow(keys->keys, &keys->cap, keys->count + 1, KEYS_FIRST, sizeof(*list));
    if (list == NULL)
        return RESULT_NOMEM;
    keys->keys = list;
    bytes = grow(keys->bytes, &keys->bytes_cap, keys->bytes_len + len + 1, BYTES_FIRST, 1);
    if (bytes == NULL)
        return RESULT_NOMEM;
    keys->bytes = bytes;
    memcpy(bytes + keys->bytes_len, text, len);
    list[keys->count++] =
        (struct json_key){.at = (uint32_t)keys->bytes_len, .len = (uint32_t)len};
    keys->bytes_len += len;
    return RESULT_OK;
}

struct json_scope json_keys_open(const struct json_keys *keys)
{
    return (struct json_scope){.first = (uint32_t)keys->count};
}

enum result json_keys_add(struct json_keys *keys, struct json_scope *scope, const char *text,
                          size_t len)
{
    enum result result;
    uint32_t hash;

    if (!scope->hashed && keys->count - scope->first < JSON_KEYS_LISTED)
        return list_has(keys, scope->first, text, len) ? RESULT_EXISTS : keep(keys, text, len);
    if (!scope->hashed && !scope_hash(keys, scope))
        return RESULT_NOMEM;
    hash = hash_key(keys->seed, scope->first, text, len);
    if (table_has(keys, scope->first, hash, text, len))
        return RESULT_EXISTS;
    if (!table_reserve(keys, 1))
        return RESULT_NOMEM;
    result = keep(keys, text, len);
    if (result != RESULT_OK)
        return result;
    keys->keys[keys->count - 1].hash = hash;
    keys->keys[keys->count - 1].hashed = true;
    table_put(keys, keys->count - 1);
    return RESULT_OK;
}

void json_keys_close(struct json_keys *keys, struct json_scope scope)
{
    size_t i;

    if (keys->count == scope.first)
        return;
    for (i = keys->count; scope.hashed && i-- > scope.first;)
        table_remove(keys, i);
    keys->bytes_len = keys->keys[scope.first].at;
    keys->count = scope.first;
}

void json_keys_clear(struct json_keys *keys, size_t keep_bytes)
{
    if (keys->bytes_cap > keep_bytes || keys->cap * sizeof(*keys->keys) > keep_bytes ||
        keys->table_cap * sizeof(*keys->table) > keep_bytes) {
        json_keys_free(keys);
        return;
    }
    if (keys->table_count != 0)
        memset(keys->table, 0, keys->table_cap * sizeof(*keys->table));
    keys->table_count = 0;
    keys->count = 0;
    keys->bytes_len = 0;
}

void json_keys_free(struct json_keys *keys)
{
    free(keys->bytes);
    free(keys->keys);
    free(keys->table);
    *keys = (struct json_keys){0};
}
