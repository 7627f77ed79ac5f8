/*
 * key_show.h: a key as forestgate key shows it: never its secret, never its hash.
 */
#ifndef CMD_KEY_SHOW_H
#define CMD_KEY_SHOW_H

#include "base/buf.h"
#include "base/json_write.h"
#include "store/keys.h"

/* A key and what is shown beside its row. */
struct key_shown {
    struct key_row row;
    struct key_more more;
};

/* Its members, in an object that is open.  more may be NULL, and is left out then. */
void key_show_json(struct json_writer *writer, const struct key_row *row,
                   const struct key_more *more);

/* A line for each thing, without a newline behind the last. */
void key_show_text(struct buf *text, const struct key_shown *key);

/* The head of the table of keys, and a line of it with a newline before it. */
extern const char key_show_head[];
void key_show_line(struct buf *text, const struct key_row *row, const struct key_more *more);

#endif
