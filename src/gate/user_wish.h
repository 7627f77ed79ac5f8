/*
 * user_wish.h: what somebody wants of a user, applied to a row; of user.c and invitation.c.
 */
#ifndef GATE_USER_WISH_H
#define GATE_USER_WISH_H

#include "gate/audit_change.h"
#include "gate/user.h"

/*
 * Puts what is given into the row; of a new one also what has a value when nothing is said.
 * As user_create() says what is wrong, with *part the part that it is of.  Without a home
 * what has to ask one is left out.
 */
enum result user_wish_apply(struct home *home, const struct user_wish *wish, bool is_new,
                            struct user_row *row, enum user_part *part, struct reason *why);

/*
 * Adds a row to the audit trail: of a user's rights what differs between before and after, of
 * the rest only that it changed; of one who was made, or is gone, all rights, where both rows
 * are the same.
 */
enum result user_audit(struct home *home, const char *action, enum audit_kind kind,
                       const struct user_row *before, const struct user_row *after,
                       struct reason *why);

/*
 * Within a change: a new user, whose rights are in the row, with this hash.  Id and times are
 * set here.  RESULT_EXISTS if the username is taken.
 */
enum result user_insert(struct home *home, struct user_row *row, const char *hash,
                        struct reason *why);

#endif
