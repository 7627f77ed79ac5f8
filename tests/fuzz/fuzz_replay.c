/*
 * fuzz_replay.c: any text as the header Idempotency-Key.
 *
 * What is taken is of printable ASCII and within its bounds, and written as a String of
 * structured fields it is read as the same again; what follows it makes it none.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "gate/replay.h"

/* As a String, with what has to be escaped escaped. */
static void quote(const char *key, char out[2 * REPLAY_KEY_MAX + 4])
{
    *out++ = '"';
    for (; *key != '\0'; key++) {
        if (*key == '"' || *key == '\\')
            *out++ = '\\';
        *out++ = *key;
    }
    memcpy(out, "\"", 2);
}

static void check(const char *text)
{
    char key[REPLAY_KEY_MAX + 1], again[REPLAY_KEY_MAX + 1], quoted[2 * REPLAY_KEY_MAX + 4];
    size_t len;

    if (!replay_key_read(text, key))
        return;
    len = strnlen(key, sizeof(key));
    CHECK(len >= 1 && len <= REPLAY_KEY_MAX);
    for (size_t i = 0; i < len; i++)
        CHECK(key[i] >= 0x20 && key[i] < 0x7f);
    quote(key, quoted);
    CHECK(replay_key_read(quoted, again) && strcmp(key, again) == 0);
    memcpy(quoted + strlen(quoted), ",", 2);
    CHECK(!replay_key_read(quoted, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check(text);
    free(text);
    return 0;
}
