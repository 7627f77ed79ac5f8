/*
 * json_compact.h: JSON that came from a person, made fit to be kept.
 */
#ifndef BASE_JSON_COMPACT_H
#define BASE_JSON_COMPACT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/result.h"

/*
 * Appends a JSON object without the blanks between its tokens; all else stays as it was
 * written, each digit of a number too.  What json.h refuses is refused with its problem:
 * RESULT_MALFORMED, RESULT_TOO_BIG or RESULT_NOMEM; RESULT_INVALID for a value that is no
 * object.  The buffer's own failure is the caller's to look for.
 */
enum result json_compact_object(const char *text, size_t len, struct buf *out,
                                struct reason *why);

#endif
