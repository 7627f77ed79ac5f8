/*
 * user_show.h: a user as forestgate user shows it: never a password, never its hash.
 */
#ifndef CMD_USER_SHOW_H
#define CMD_USER_SHOW_H

#include "base/buf.h"
#include "base/json_write.h"
#include "gate/home.h"
#include "store/users.h"

/* The head of the table of users, and a line of it with a newline before it. */
extern const char user_show_head[];
void user_show_line(struct buf *text, const struct user_row *row);

/*
 * All of a user, with keys, sessions and what was used: as an object, or as lines without a
 * newline behind the last.  Calls that have ended are brought into the database before.
 */
enum result user_show_json(struct home *home, const struct user_row *row, struct buf *text,
                           struct reason *why);
enum result user_show_text(struct home *home, const struct user_row *row, struct buf *text,
                           struct reason *why);

#endif
