/*
 * backup_keep.h: a directory of backups, each named after its time, of which the newest stay.
 *
 * What is not named as backups are is never touched.
 */
#ifndef CMD_BACKUP_KEEP_H
#define CMD_BACKUP_KEEP_H

#include <limits.h>
#include <stdint.h>

#include "base/result.h"

/*
 * The path of a backup made at a time, in microseconds since 1970:
 * DIRECTORY/forestgate-2026-11-21T090134Z.db.  RESULT_TOO_BIG if there is no room for it.
 */
enum result backup_keep_name(char out[PATH_MAX], const char *directory, int64_t wall_us,
                             struct reason *why);

/*
 * Removes all backups of a directory but the newest by their names; made, the path of the one
 * that was made just now, is one of those that stay, whatever the clock said to the others.
 * Also what a backup that was killed more than a day ago has left.  keep is 1 or more.  Adds to
 * *removed; on a failure some may be left that should not be.
 */
enum result backup_keep_prune(const char *directory, const char *made, unsigned keep,
                              unsigned *removed, struct reason *why);

#endif
