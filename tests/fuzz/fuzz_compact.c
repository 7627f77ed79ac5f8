/*
 * fuzz_compact.c: any bytes as a JSON object to be kept, against json-c.
 *
 * What is taken is, compact, no longer than before, the same value to json-c as it was, and
 * compact again the same bytes; what is refused leaves nothing behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "fuzz.h"
#include "base/json_compact.h"

/* Deeper than json-c goes by itself: our reader goes to 64. */
static struct json_object *parse(const char *text, size_t len)
{
    struct json_tokener *tokener = json_tokener_new_ex(100);
    struct json_object *object = json_tokener_parse_ex(tokener, text, (int)len);

    json_tokener_free(tokener);
    return object;
}

static void check_same(const char *text, size_t len, const struct buf *compact)
{
    struct json_object *before = parse(text, len), *after = parse(compact->data, compact->len);

    CHECK(before != NULL && after != NULL);
    CHECK(json_object_is_type(before, json_type_object));
    CHECK(json_object_equal(before, after));
    json_object_put(before);
    json_object_put(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf compact = {0}, again = {0};
    struct reason why = {{0}};

    if (json_compact_object((const char *)data, size, &compact, &why) == RESULT_OK) {
        CHECK(compact.len >= 2 && compact.len <= size);
        check_same((const char *)data, size, &compact);
        CHECK(json_compact_object(compact.data, compact.len, &again, &why) == RESULT_OK);
        CHECK(again.len == compact.len && memcmp(again.data, compact.data, again.len) == 0);
    } else {
        CHECK(compact.len == 0 && why.text[0] != '\0');
    }
    buf_free(&compact);
    buf_free(&again);
    return 0;
}
