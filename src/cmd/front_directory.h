/*
 * front_directory.h: the directory of a shared host in which the service is.
 */
#ifndef CMD_FRONT_DIRECTORY_H
#define CMD_FRONT_DIRECTORY_H

#include "cmd/front.h"

/* RESULT_DENIED, with where to go, for a home that a web server would give out. */
enum result front_directory_check(const struct front_places *places, struct reason *why);

/*
 * Writes .htaccess and forestgate.fcgi into places->dir, which is made if it is not there.
 * RESULT_EXISTS for a .htaccess that was not made here.
 */
enum result front_directory_write(const struct front_places *places, const struct buf *text,
                                  struct reason *why);

#endif
