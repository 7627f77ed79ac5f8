/*
 * audit_change.h: what a change has changed, as the two JSON objects of a row of the trail.
 *
 *     struct audit_change change = audit_change_of(AUDIT_CHANGED);
 *     audit_change_text(&change, "tier", before.tier, row.tier);
 *     audit_change_number(&change, "expires_at", before.expires_at, row.expires_at);
 *     result = audit_change_add(home, &change, "key.set", "key", row.id, why);
 *
 * A value that stays is left out; one that is not there, NULL or 0, is null.  What was made
 * has no before, and what is gone no after.
 */
#ifndef GATE_AUDIT_CHANGE_H
#define GATE_AUDIT_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_write.h"
#include "base/result.h"
#include "gate/home.h"

enum audit_kind {
    AUDIT_MADE,
    AUDIT_CHANGED,
    AUDIT_GONE,
    AUDIT_KIND__MAX
};

/* An object that is being written. */
struct audit_side {
    struct buf text;
    bool any;
};

struct audit_change {
    enum audit_kind kind;
    struct audit_side before, after;
};

struct audit_change audit_change_of(enum audit_kind kind);

/* Before and after; of what was made the first, of what is gone the second is not looked at. */
void audit_change_text(struct audit_change *change, const char *name, const char *before,
                       const char *after);
void audit_change_number(struct audit_change *change, const char *name, int64_t before,
                         int64_t after);
void audit_change_truth(struct audit_change *change, const char *name, bool before, bool after);

/* What it is about, said in any case: in after, or in before of what is gone. */
void audit_about_text(struct audit_change *change, const char *name, const char *text);
void audit_about_number(struct audit_change *change, const char *name, int64_t number);

/* Only that it was changed, for what must not be in the trail: after has "name_changed". */
void audit_change_hidden(struct audit_change *change, const char *name, bool changed);

/* Adds the row, as audit_add() does, and frees the change, whatever happened. */
enum result audit_change_add(struct home *home, struct audit_change *change, const char *action,
                             const char *target_kind, const char *target_id,
                             struct reason *why);

/* Frees one that is not added after all. */
void audit_change_free(struct audit_change *change);

#endif
