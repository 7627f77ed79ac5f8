/*
 * json_keys.h: the keys of the objects that are open, so that a repeated one is seen;
 * a part of json.c.
 *
 * Objects close in the reverse order of their opening, so this is a stack.  The keys of
 * a small object are compared one by one; from JSON_KEYS_LISTED on they are found by a
 * table, with a keyed hash (SipHash) so that nobody outside can prepare collisions.
 */
#ifndef BASE_JSON_KEYS_H
#define BASE_JSON_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

#define JSON_KEYS_MAX      (128u << 10) /* keys of the objects open at once, */
#define JSON_KEY_BYTES_MAX (4u << 20)   /* and their bytes */
#define JSON_KEYS_LISTED   8u

struct json_key {
    uint32_t at; /* in bytes */
    uint32_t len;
    uint32_t hash;
    bool hashed; /* it is in the table, and the hash is set */
};

/* All zero is empty. */
struct json_keys {
    char *bytes;
    size_t bytes_len;
    size_t bytes_cap;
    struct json_key *keys;
    size_t count;
    size_t cap;
    uint32_t *table; /* open addressing: 1 + index in keys, 0 is free */
    size_t table_cap;
    size_t table_count;
    uint64_t seed[2];
    bool seeded;
};

/* An open object's part of the stack: its own keys, once those within are closed. */
struct json_scope {
    uint32_t first;
    bool hashed;
};

struct json_scope json_keys_open(const struct json_keys *keys);

/*
 * Adds a key to the object opened last.  RESULT_EXISTS if it has it already,
 * RESULT_TOO_BIG over a bound, RESULT_NOMEM.
 */
enum result json_keys_add(struct json_keys *keys, struct json_scope *scope, const char *text,
                          size_t len);

/* Forgets the keys of the object opened last. */
void json_keys_close(struct json_keys *keys, struct json_scope scope);

/* Forgets all keys; gives memory back beyond `keep` bytes of each kind. */
void json_keys_clear(struct json_keys *keys, size_t keep);

void json_keys_free(struct json_keys *keys);

#endif
