/*
 * keep_lot.h: predictions that are kept, as bytes: on the way from the process that answered
 * to the database.
 *
 *     kept/ID.lots   lots, one behind the other; ID is 32 digits of hexadecimal: their salt
 *     lot            magic, number, length, 0 (4 bytes each); so many sealed bytes; their tag
 *     sealed bytes   entries, one behind the other
 *     entry          length, then what struct keep_entry has
 *
 * One process appends to a file, and holds its lock as long as it does.  Lots are numbered from
 * 0; number and name are sealed with them, so one that was moved does not open.  What has been
 * cut off at the end was never whole; what is damaged in between is passed over.
 */
#ifndef GATE_KEEP_LOT_H
#define GATE_KEEP_LOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "gate/keep_box.h"
#include "store/kept.h"

#define KEEP_DIRECTORY HOME_KEPT

enum {
    KEEP_LOT_BYTES = 64 << 10, /* after so many a lot is closed */
    KEEP_ENTRY_MAX = 1 << 20,  /* bytes of an entry: a row that needs more is not kept */
    KEEP_LOT_MAX = KEEP_LOT_BYTES + KEEP_ENTRY_MAX,
    KEEP_LOT_HEAD = 16,
    KEEP_FILE_BYTES = 4 << 20, /* after so many a new file is begun */
    KEEP_PATH_MAX = 64,
};

/* One entry: a part of a request, or how many rows of a model were not kept. */
struct keep_entry {
    struct kept_row row;    /* but for id and known */
    bool lost;              /* only row.model and row.rows say something */
    const uint8_t *numbers; /* where read: doubles, perhaps not aligned */
    size_t len;             /* bytes of them: the features of all rows, then the margins, */
};                          /* then the answers */

/* How many bytes of numbers rows of a part have. */
size_t keep_numbers_len(const struct kept_row *row);

/*
 * Appends an entry.  The three arrays are row by row, and NULL for one that is lost.  How many
 * rows the request has in all may be said later, of all entries from a place on.
 */
void keep_entry_put(struct buf *out, const struct keep_entry *entry, const double *features,
                    const double *margins, const double *answers);
void keep_entries_set_rows(struct buf *out, size_t from, int64_t of_rows);

/* The length of the entry that begins at a place of what keep_entry_put() has made. */
size_t keep_entry_len(const struct buf *buf, size_t at);

/*
 * The next entry.  RESULT_MISSING at the end; RESULT_MALFORMED if it is none, and then nothing
 * behind it can be read.
 */
enum result keep_entry_next(const uint8_t **at, size_t *left, struct keep_entry *out);

/* The path of the file of a salt, and back; false for a name that is of no such file. */
void keep_lot_path(const uint8_t salt[KEEP_SALT_BYTES], char out[KEEP_PATH_MAX]);
bool keep_lot_salt(const char *name, uint8_t salt[KEEP_SALT_BYTES]);

/* Appends the lot of these entries; false if it could not be sealed or there is no memory. */
bool keep_lot_put(struct buf *out, struct keep_box *box, const uint8_t salt[KEEP_SALT_BYTES],
                  uint32_t number, const void *entries, size_t len);

/* Where a lot is found in the bytes of a file. */
enum keep_lot_state {
    KEEP_LOT_WHOLE, /* as far as can be seen without opening it */
    KEEP_LOT_CUT,   /* its end is not there yet */
    KEEP_LOT_NONE,  /* there are no further bytes */
    KEEP_LOT_STATE__MAX
};

struct keep_lot {
    size_t begin, end; /* end is the begin of what follows */
    uint32_t number;
};

/*
 * Looks for a lot from a place on.  What is none is passed over: begin is behind it, and so is
 * more than `from` was.
 */
enum keep_lot_state keep_lot_find(const uint8_t *bytes, size_t len, size_t from,
                                  struct keep_lot *lot);

/* Opens it to `out`, which is emptied before; RESULT_MALFORMED if it does not open. */
enum result keep_lot_open(struct keep_box *box, const uint8_t salt[KEEP_SALT_BYTES],
                          const uint8_t *bytes, const struct keep_lot *lot, struct buf *out);

#endif
