/*
 * key_audit.h: the rows of the audit trail that tell of keys.
 *
 * Each is added in the transaction of its change.  A key's name and metadata are its
 * maker's words and may name people: of them, as of its secret, only that they changed.
 */
#ifndef GATE_KEY_AUDIT_H
#define GATE_KEY_AUDIT_H

#include <stdbool.h>

#include "base/result.h"
#include "gate/home.h"
#include "store/keys.h"

enum result key_audit_create(struct home *home, const struct key_row *row, struct reason *why);
enum result key_audit_set(struct home *home, const struct key_row *before,
                          const struct key_row *row, bool metadata_changed, struct reason *why);
enum result key_audit_rotate(struct home *home, const struct key_row *before,
                             const struct key_row *row, struct reason *why);
enum result key_audit_revoke(struct home *home, const char *id, int64_t when,
                             struct reason *why);

#endif
