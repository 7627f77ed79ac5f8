/*
 * home_place.h: where a home must not be: below what a web server gives out.
 */
#ifndef GATE_HOME_PLACE_H
#define GATE_HOME_PLACE_H

#include <stdbool.h>

#include "base/result.h"

/*
 * RESULT_DENIED, with where to go, for a home at this path, which need not be there yet, if a
 * directory above it, or it, goes by a name that hosts give to what they serve, or has a
 * .htaccess and is not the user's own directory or above that.
 */
enum result home_place_check(const char *path, struct reason *why);

/*
 * The same for the home at this path, a real one, and a directory of which the front says that
 * it serves it.  NULL and the empty text are none.
 */
enum result home_place_serves(const char *home, const char *directory, struct reason *why);

/* Whether a path is that of a directory or of something in it.  Both are real paths. */
bool home_place_is_in(const char *path, const char *directory);

#endif
