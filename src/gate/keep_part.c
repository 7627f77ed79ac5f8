/*
 * keep_part.c: what is sealed of a part of a kept request: salt, number, tag, bytes.
 */
#include "gate/keep_part.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"

enum {
    HEAD_BYTES = KEEP_SALT_BYTES + sizeof(uint32_t) + KEEP_TAG_BYTES,
    AT_NUMBER = KEEP_SALT_BYTES,
    AT_TAG = AT_NUMBER + sizeof(uint32_t),
    BUF_KEPT = 1 << 20
};

/* What a row says in clear. */
struct about {
    int64_t numbers[9];
    char account[KEY_ID_LEN + 1], request_id[CALL_REQUEST_ID_MAX + 1];
    char job_uuid[JOB_UUID_LEN + 1], model[MODEL_NAME_MAX + 1];
};

static void about_fill(const struct kept_row *row, struct about *about)
{
    const int64_t numbers[] = {row->at_us,     row->version,   row->of_rows,
                               row->first,     row->rows,      row->n_features,
                               row->n_margins, row->n_answers, row->n_targets};

    memset(about, 0, sizeof(*about));
    memcpy(about->numbers, numbers, sizeof(numbers));
    text_copy(about->account, sizeof(about->account), row->account);
    text_copy(about->request_id, sizeof(about->request_id), row->request_id);
    text_copy(about->job_uuid, sizeof(about->job_uuid), row->job_uuid);
    text_copy(about->model, sizeof(about->model), row->model);
}

bool keep_part_seal(struct keep_box *box, struct keep_sealing *sealing,
                    enum keep_purpose purpose, const struct kept_row *row, const void *numbers,
                    size_t len, struct buf *out)
{
    struct about about;
    const struct keep_seal seal = {purpose, sealing->salt, sealing->number, &about,
                                   sizeof(about)};
    uint8_t *room;

    if (sealing->number++ == 0)
        secret_random(sealing->salt, sizeof(sealing->salt));
    about_fill(row, &about);
    buf_clear(out, BUF_KEPT);
    room = (uint8_t *)buf_reserve(out, HEAD_BYTES + len);
    if (room == NULL)
        return false;
    memcpy(room, sealing->salt, KEEP_SALT_BYTES);
    memcpy(room + AT_NUMBER, &seal.number, sizeof(seal.number));
    if (!keep_box_seal(box, &seal, numbers, room + HEAD_BYTES, len, room + AT_TAG))
        return false;
    buf_advance(out, HEAD_BYTES + len);
    return true;
}

enum result keep_part_open(struct keep_box *box, enum keep_purpose purpose,
                           const struct kept_row *row, const void *sealed, size_t len,
                           size_t expected, struct buf *out)
{
    const uint8_t *at = sealed;
    struct keep_seal seal = {.purpose = purpose, .salt = at};
    struct about about;
    uint8_t *room;

    if (len != HEAD_BYTES + expected)
        return RESULT_MALFORMED;
    memcpy(&seal.number, at + AT_NUMBER, sizeof(seal.number));
    about_fill(row, &about);
    seal.about = &about;
    seal.about_len = sizeof(about);
    buf_clear(out, BUF_KEPT);
    room = (uint8_t *)buf_reserve(out, expected);
    if (room == NULL)
        return RESULT_NOMEM;
    if (!keep_box_open(box, &seal, at + HEAD_BYTES, room, expected, at + AT_TAG))
        return RESULT_MALFORMED;
    buf_advance(out, expected);
    return RESULT_OK;
}
