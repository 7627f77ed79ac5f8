/*
 * keep_lot.c: predictions that are kept, as bytes.  Numbers are little-endian, as everywhere.
 */
#include "gate/keep_lot.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

static const uint32_t magic = 0x314c4746; /* FGL1 */
static const char suffix[] = ".lots";
static const size_t salt_digits = (size_t)2 * KEEP_SALT_BYTES;

/* How an entry begins; five texts follow, each with its length before it, then the numbers. */
struct head {
    uint32_t len; /* of the entry, with this */
    uint32_t lost;
    int64_t at_us, version, of_rows, first, rows;
    uint32_t n_features, n_margins, n_answers, n_targets;
};

size_t keep_numbers_len(const struct kept_row *row)
{
    return (size_t)row->rows * ((size_t)row->n_features + row->n_margins + row->n_answers) *
           sizeof(double);
}

static void text_put(struct buf *out, const char *text)
{
    size_t len = strlen(text);

    buf_putc(out, (char)len);
    buf_put(out, text, len);
}

void keep_entry_put(struct buf *out, const struct keep_entry *entry, const double *features,
                    const double *margins, const double *answers)
{
    const struct kept_row *row = &entry->row;
    struct head head = {
        .lost = entry->lost,
        .at_us = row->at_us,
        .version = row->version,
        .of_rows = row->of_rows,
        .first = row->first,
        .rows = row->rows,
        .n_features = row->n_features,
        .n_margins = row->n_margins,
        .n_answers = row->n_answers,
        .n_targets = row->n_targets,
    };
    size_t begin = out->len, rows = (size_t)row->rows;

    buf_put(out, &head, sizeof(head));
    text_put(out, row->model);
    text_put(out, row->account);
    text_put(out, row->request_id);
    text_put(out, row->job_uuid);
    if (features != NULL) {
        buf_put(out, features, rows * row->n_features * sizeof(double));
        buf_put(out, margins, rows * row->n_margins * sizeof(double));
        buf_put(out, answers, rows * row->n_answers * sizeof(double));
    }
    if (buf_failed(out))
        return;
    head.len = (uint32_t)(out->len - begin);
    memcpy(out->data + begin, &head, sizeof(head));
}

size_t keep_entry_len(const struct buf *buf, size_t at)
{
    struct head head;

    memcpy(&head, buf->data + at, sizeof(head));
    return head.len;
}

void keep_entries_set_rows(struct buf *out, size_t from, int64_t of_rows)
{
    if (buf_failed(out))
        return;
    while (from < out->len) {
        memcpy(out->data + from + offsetof(struct head, of_rows), &of_rows, sizeof(of_rows));
        from += keep_entry_len(out, from);
    }
}

/* Reads a text within an entry; false if it is not there, or longer than any may be. */
static bool text_take(const uint8_t **at, size_t *left, char *out, size_t size)
{
    size_t len = *left > 0 ? **at : SIZE_MAX;

    if (len >= size || *left < 1 + len || memchr(*at + 1, '\0', len) != NULL)
        return false;
    memcpy(out, *at + 1, len);
    out[len] = '\0';
    *at += 1 + len;
    *left -= 1 + len;
    return true;
}

/* Whether the counts are some that a part can have, and the numbers as many bytes. */
static bool counts_fit(const struct keep_entry *entry)
{
    const struct kept_row *row = &entry->row;
    const uint32_t most = KEEP_ENTRY_MAX / sizeof(double);

    if (row->rows < 1 || row->model[0] == '\0')
        return false;
    if (entry->lost)
        return entry->len == 0;
    return row->rows <= most && row->n_features <= most && row->n_margins <= most &&
           row->n_answers <= most && row->n_targets >= 1 && row->n_targets <= most &&
           row->of_rows >= row->rows && row->first >= 0 &&
           row->first <= row->of_rows - row->rows && row->version > 0 && row->n_answers >= 1 &&
           entry->len == keep_numbers_len(row);
}

enum result keep_entry_next(const uint8_t **at, size_t *left, struct keep_entry *out)
{
    struct kept_row *row = &out->row;
    struct head head;
    size_t rest;

    memset(out, 0, sizeof(*out));
    if (*left == 0)
        return RESULT_MISSING;
    if (*left < sizeof(head))
        return RESULT_MALFORMED;
    memcpy(&head, *at, sizeof(head));
    if (head.len < sizeof(head) || head.len > *left || head.lost > 1)
        return RESULT_MALFORMED;
    out->lost = head.lost == 1;
    row->at_us = head.at_us;
    row->version = head.version;
    row->of_rows = head.of_rows;
    row->first = head.first;
    row->rows = head.rows;
    row->n_features = head.n_features;
    row->n_margins = head.n_margins;
    row->n_answers = head.n_answers;
    row->n_targets = head.n_targets;
    rest = head.len - sizeof(head);
    out->numbers = *at + sizeof(head);
    if (!text_take(&out->numbers, &rest, row->model, sizeof(row->model)) ||
        !text_take(&out->numbers, &rest, row->account, sizeof(row->account)) ||
        !text_take(&out->numbers, &rest, row->request_id, sizeof(row->request_id)) ||
        !text_take(&out->numbers, &rest, row->job_uuid, sizeof(row->job_uuid)))
        return RESULT_MALFORMED;
    out->len = rest;
    *at += head.len;
    *left -= head.len;
    return counts_fit(out) ? RESULT_OK : RESULT_MALFORMED;
}

void keep_lot_path(const uint8_t salt[KEEP_SALT_BYTES], char out[KEEP_PATH_MAX])
{
    char digits[2 * KEEP_SALT_BYTES + 1];

    for (size_t i = 0; i < KEEP_SALT_BYTES; i++)
        snprintf(digits + 2 * i, 3, "%02x", salt[i]);
    snprintf(out, KEEP_PATH_MAX, KEEP_DIRECTORY "/%s%s", digits, suffix);
}

bool keep_lot_salt(const char *name, uint8_t salt[KEEP_SALT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    const char *high, *low;

    if (strlen(name) != salt_digits + strlen(suffix) || strcmp(name + salt_digits, suffix) != 0)
        return false;
    for (size_t i = 0; i < KEEP_SALT_BYTES; i++) {
        high = strchr(digits, name[2 * i]);
        low = strchr(digits, name[2 * i + 1]);
        if (high == NULL || low == NULL)
            return false;
        salt[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

bool keep_lot_put(struct buf *out, struct keep_box *box, const uint8_t salt[KEEP_SALT_BYTES],
                  uint32_t number, const void *entries, size_t len)
{
    const uint32_t head[] = {magic, number, (uint32_t)len, 0};
    const struct keep_seal seal = {KEEP_FOR_LOT, salt, number, head, sizeof(head)};
    uint8_t *room;

    buf_put(out, head, sizeof(head));
    room = (uint8_t *)buf_reserve(out, len + KEEP_TAG_BYTES);
    if (room == NULL || !keep_box_seal(box, &seal, entries, room, len, room + len))
        return false;
    buf_advance(out, len + KEEP_TAG_BYTES);
    return true;
}

enum keep_lot_state keep_lot_find(const uint8_t *bytes, size_t len, size_t from,
                                  struct keep_lot *lot)
{
    uint32_t head[4];
    size_t left;

    for (lot->begin = from; lot->begin < len; lot->begin++) {
        left = len - lot->begin;
        memcpy(head, bytes + lot->begin, left < sizeof(head) ? left : sizeof(head));
        if (memcmp(head, &magic, left < sizeof(magic) ? left : sizeof(magic)) != 0)
            continue;
        lot->end = len;
        if (left < KEEP_LOT_HEAD)
            return KEEP_LOT_CUT;
        if (head[2] == 0 || head[2] > KEEP_LOT_MAX || head[3] != 0)
            continue;
        lot->number = head[1];
        lot->end = lot->begin + KEEP_LOT_HEAD + head[2] + KEEP_TAG_BYTES;
        return lot->end <= len ? KEEP_LOT_WHOLE : KEEP_LOT_CUT;
    }
    lot->end = len;
    return KEEP_LOT_NONE;
}

enum result keep_lot_open(struct keep_box *box, const uint8_t salt[KEEP_SALT_BYTES],
                          const uint8_t *bytes, const struct keep_lot *lot, struct buf *out)
{
    const uint8_t *at = bytes + lot->begin;
    const struct keep_seal seal = {KEEP_FOR_LOT, salt, lot->number, at, KEEP_LOT_HEAD};
    size_t len = lot->end - lot->begin - KEEP_LOT_HEAD - KEEP_TAG_BYTES;
    uint8_t *room;

    buf_clear(out, KEEP_LOT_MAX);
    room = (uint8_t *)buf_reserve(out, len);
    if (room == NULL)
        return RESULT_NOMEM;
    at += KEEP_LOT_HEAD;
    if (!keep_box_open(box, &seal, at, room, len, at + len))
        return RESULT_MALFORMED;
    buf_advance(out, len);
    return RESULT_OK;
}
