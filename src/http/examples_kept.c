/*
 * examples_kept.c: the example rows of the models that a worker was asked about last.
 *
 * An image is told by its hash, so nothing here is out of date when models change.
 */
#include "http/examples_kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "forest/examples.h"

enum {
    IMAGES = 8,
    LEN_MAX = 32 << 10,
    HEX_MAX = 64
};

struct examples_kept {
    struct {
        char sha256[HEX_MAX + 1]; /* of the image; empty: there is none */
        struct buf json;          /* the member examples */
    } of[IMAGES];
    size_t next; /* whose place the next one takes */
};

/* The place of an image's examples, IMAGES where they are not kept. */
static size_t place_of(const struct examples_kept *kept, const char *sha256)
{
    size_t i = 0;

    while (i < IMAGES && strcmp(kept->of[i].sha256, sha256) != 0)
        i++;
    return i;
}

/* Makes them in the place of others; false where they are not to be kept. */
static bool examples_make(struct examples_kept *kept, const struct image *image, size_t place)
{
    struct buf *json = &kept->of[place].json;
    struct json_writer writer = json_writer_on(json);

    kept->of[place].sha256[0] = '\0';
    buf_clear(json, LEN_MAX);
    examples_write(&writer, image);
    if (buf_failed(json) || json->len > LEN_MAX) {
        buf_free(json);
        return false;
    }
    text_copy(kept->of[place].sha256, sizeof(kept->of[place].sha256), image_sha256_hex(image));
    return true;
}

void examples_kept_write(struct examples_kept **kept, struct json_writer *writer,
                         const struct image *image)
{
    size_t place = IMAGES;

    if (*kept == NULL)
        *kept = calloc(1, sizeof(**kept));
    if (*kept != NULL)
        place = place_of(*kept, image_sha256_hex(image));
    if (*kept != NULL && place == IMAGES && examples_make(*kept, image, (*kept)->next)) {
        place = (*kept)->next;
        (*kept)->next = (place + 1) % IMAGES;
    }
    if (place < IMAGES)
        json_write_raw(writer, (*kept)->of[place].json.data, (*kept)->of[place].json.len);
    else
        examples_write(writer, image);
}

void examples_kept_free(struct examples_kept *kept)
{
    for (size_t i = 0; kept != NULL && i < IMAGES; i++)
        buf_free(&kept->of[i].json);
    free(kept);
}
