/*
 * fuzz_keep.c: any bytes as a file of lots, and as what a lot has sealed: nothing outside of
 * them is read, each look goes on behind the last one, and an entry that is taken is written
 * with the same bytes again.
 */
#include <stdlib.h>
#include <string.h>

#include "gate/keep_lot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void file_look(const uint8_t *data, size_t size)
{
    enum keep_lot_state state = KEEP_LOT_WHOLE;
    struct keep_lot lot;
    size_t from = 0;

    while (state == KEEP_LOT_WHOLE) {
        state = keep_lot_find(data, size, from, &lot);
        if (lot.begin < from || lot.begin > size)
            abort();
        if (state == KEEP_LOT_WHOLE &&
            (lot.end > size || lot.end < lot.begin + KEEP_LOT_HEAD + KEEP_TAG_BYTES ||
             lot.end - lot.begin > KEEP_LOT_HEAD + KEEP_LOT_MAX + KEEP_TAG_BYTES))
            abort();
        from = lot.begin + 1;
    }
}

/* An entry has to come out as it went in; its numbers may not be aligned where they are. */
static void entry_write(const struct keep_entry *entry, const uint8_t *bytes, size_t len)
{
    const struct kept_row *row = &entry->row;
    double *numbers = malloc(entry->len + 1), *margins;
    struct buf out = {0};

    if (numbers == NULL)
        return;
    if (entry->len > 0)
        memcpy(numbers, entry->numbers, entry->len);
    margins = numbers + (entry->lost ? 0 : (size_t)row->rows * row->n_features);
    if (entry->lost)
        keep_entry_put(&out, entry, NULL, NULL, NULL);
    else
        keep_entry_put(&out, entry, numbers, margins,
                       margins + (size_t)row->rows * row->n_margins);
    if (!buf_failed(&out) &&
        (out.len != len || memcmp(out.data, bytes, len) != 0 || keep_entry_len(&out, 0) != len))
        abort();
    buf_free(&out);
    free(numbers);
}

static void entries_read(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *before = data;
    struct keep_entry entry;
    size_t left = size;

    while (keep_entry_next(&at, &left, &entry) == RESULT_OK) {
        if (at <= before || at + left != data + size || entry.numbers < before ||
            entry.numbers + entry.len != at)
            abort();
        entry_write(&entry, before, (size_t)(at - before));
        before = at;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    file_look(data, size);
    entries_read(data, size);
    return 0;
}
