/*
 * caller.h: who calls, what that one may, and for whom a call counts.
 */
#ifndef GATE_CALLER_H
#define GATE_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "gate/limits.h"
#include "store/keys.h"
#include "store/sessions.h"
#include "store/tiers.h"

enum {
    CALLER_MASK_MAX = 15, /* fg_ab12..., user:ab12..., outside:ab12... */
    CALLER_NAME_MAX = 128
};

/* By what a caller is known. */
enum caller_way {
    CALLER_KEY,
    CALLER_TOKEN,  /* an access token of ours: a user who has logged in */
    CALLER_OUTSIDE /* one of the outside issuer: there is no user of it here */
};

/*
 * All of a user's keys and tokens count for one account; a key without owner and a subject of
 * an outside issuer are accounts of their own.  The pointers are the keyring's, until its next
 * use.  What has no account is nobody: of an optional credential, none was given.
 */
struct caller {
    enum caller_way way;
    char mask[CALLER_MASK_MAX + 1]; /* for logs */
    char account[KEY_ID_LEN + 1];   /* for which calls count; empty: nobody */
    char key_id[KEY_ID_LEN + 1];    /* empty: no key */
    char user[USER_ID_LEN + 1];     /* empty: a key without owner, or an outside token */
    char session[SESSION_ID_LEN + 1];
    char name[CALLER_NAME_MAX + 1];    /* whom an outside token shows, or empty */
    const char *models;                /* "*", names separated by commas, or empty for none: of
                                          an owned key those that both lists have */
    const struct addr_list *addresses; /* that it may come from; empty: any */
    const struct limits *limits; /* the tier's; of a key without owner its own over those */
    enum tier_price price;
    bool shadow;     /* the limits are counted and not enforced */
    unsigned scopes; /* bits of enum key_scope */
    bool admin;      /* may administer: that scope is among them, and the role allows it */
    uint64_t epoch;  /* under which all of this was read; odd: it may have changed since */
};

#endif
