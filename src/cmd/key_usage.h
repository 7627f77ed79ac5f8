/*
 * key_usage.h: what a key has used, and what its limits leave it now.
 */
#ifndef CMD_KEY_USAGE_H
#define CMD_KEY_USAGE_H

#include "base/buf.h"
#include "base/json_write.h"
#include "cmd/chart.h"
#include "gate/home.h"
#include "gate/ledger.h"
#include "store/keys.h"

struct key_usage {
    int64_t day_charged, month_charged; /* today and this month, by UTC */
    bool counted;                       /* verdict holds; not of a key that is revoked */
    struct ledger_verdict verdict;
    struct chart chart; /* calls of the last 30 days */
};

/*
 * Reads it as of now: the calls that have ended are brought into the database first, so
 * that a key's last use is read after this.  Nothing is counted by asking.
 * RESULT_MISSING: there is no such key.
 */
enum result key_usage_read(struct home *home, const char *id, struct key_usage *usage,
                           struct reason *why);

/* A member "usage", in an object that is open; */
void key_usage_json(struct json_writer *writer, const struct key_usage *usage);

/* or lines, each behind a newline. */
void key_usage_text(struct buf *text, const struct key_usage *usage);

#endif
