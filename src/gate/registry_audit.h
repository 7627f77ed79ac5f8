/*
 * registry_audit.h: the rows of the audit trail that tell of models.
 *
 * Each is added in the transaction of its change, after the change was written.
 */
#ifndef GATE_REGISTRY_AUDIT_H
#define GATE_REGISTRY_AUDIT_H

#include "gate/registry_line.h"

/*
 * What has become of a model's versions, whose line was read before; version is the one
 * that it was about.
 */
enum result registry_audit_places(struct home *home, const char *action,
                                  const struct line *line, int64_t version, struct reason *why);

/* That a version is deleted. */
enum result registry_audit_delete(struct home *home, const struct model_row *row,
                                  struct reason *why);

#endif
