/*
 * file_part.h: a file that is written bit by bit and has its name only when it is whole.
 *
 * Until then it has none at all (O_TMPFILE), so that whatever ends the process, a signal
 * that nobody can catch among them, leaves nothing.  Where the file system has no such
 * files, or /proc is not there to name one by, it has a temporary name instead.
 */
#ifndef BASE_FILE_PART_H
#define BASE_FILE_PART_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/result.h"

struct file_part {
    const char *path; /* the caller's */
    char *temporary;  /* the name that it has, or will have for an instant */
    bool named;       /* whether it has it */
    bool special;     /* what is at path is written into, see file_is_special() */
    int fd;           /* -1 where there is none */
};

/*
 * Begins a file beside path, which stays valid and as it is.  RESULT_OK: to be ended with
 * file_part_end().
 */
enum result file_part_open(const char *path, struct file_part *part, struct reason *why);

/*
 * Ends it: with RESULT_OK the file takes the place of what is at path, with that mode; with
 * any other it is gone, and so is a file that could not be given its name.  Returns the
 * result, or what went wrong.  A part of {0} with fd -1 is let pass.
 */
enum result file_part_end(struct file_part *part, enum result result, mode_t mode,
                          struct reason *why);

#endif
