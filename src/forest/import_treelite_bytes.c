/*
 * import_treelite_bytes.c: the arrays of a checkpoint, and what is passed over of it.
 */
#include "forest/import_treelite.h"

enum {
    FIELDS_MAX = 1 << 10 /* optional fields, which later versions may have */
};

enum result tl_array_take(struct treelite *in, size_t size, uint64_t max,
                          struct tl_array *array)
{
    enum result result = tl_take(in, &array->n, sizeof(array->n));

    if (result == RESULT_OK && array->n > max)
        result = import_bytes_refuse(&in->bytes, RESULT_TOO_BIG,
                                     "an array of %llu items; at most %llu are allowed here",
                                     (unsigned long long)array->n, (unsigned long long)max);
    if (result == RESULT_OK)
        result = import_bytes_array(&in->bytes, size, array->n, &array->items);
    return result;
}

enum result tl_text_skip(struct treelite *in, uint64_t max)
{
    uint64_t len = 0;
    enum result result = tl_take(in, &len, sizeof(len));

    if (result == RESULT_OK && len > max)
        result = import_bytes_refuse(&in->bytes, RESULT_TOO_BIG, "a text of %llu bytes",
                                     (unsigned long long)len);
    return result == RESULT_OK ? import_bytes_skip(&in->bytes, len) : result;
}

enum result tl_fields_skip(struct treelite *in)
{
    int32_t n = 0, i;
    uint64_t size[2];
    enum result result = tl_take(in, &n, sizeof(n));

    if (result == RESULT_OK && (n < 0 || n > FIELDS_MAX))
        result = tl_malformed(in, "the number of optional fields", n);
    for (i = 0; i < n && result == RESULT_OK; i++) {
        result = tl_text_skip(in, TL_NAME_MAX);
        if (result == RESULT_OK)
            result = tl_take(in, size, sizeof(size));
        if (result == RESULT_OK && size[0] != 0 && size[1] > UINT64_MAX / size[0])
            result = tl_malformed(in, "the size of an optional field", -1);
        if (result == RESULT_OK)
            result = import_bytes_skip(&in->bytes, size[0] * size[1]);
    }
    return result;
}
