/*
 * hook.h: webhooks: that a job has ended is told to a URL, by a POST that is signed.
 *
 * The form is that of Standard Webhooks (its specification 1.0): the headers webhook-id,
 * webhook-timestamp and webhook-signature, and a JSON body of type, timestamp and data.  Each
 * account has a secret, and the operator has one; they are derived from a secret of the home,
 * so that none is kept for each.
 *
 * An end is told at least once, since an answer may be lost: whoever is told knows a second
 * time by its webhook-id.  2xx means that it was taken; 410 that nothing more is wanted of
 * this; after anything else there is another attempt, HOOK_ATTEMPTS in all.
 */
#ifndef GATE_HOOK_H
#define GATE_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/result.h"
#include "base/url.h"
#include "gate/home.h"
#include "store/hooks.h"

enum {
    HOOK_ATTEMPTS = 8,
    HOOK_SECRET_TEXT_MAX = 64, /* whsec_ and 44 characters, with the NUL */
    HOOK_HEADER_MAX = 192,     /* of one header, with the NUL */
    HOOK_TRACE_MAX = JOB_TRACE_MAX + 16,
    HOOK_OVERLAP_S = 86400, /* for so long after a rotation there are two signatures */
    HOOK_ANSWER_GONE = 410,
};

/*
 * Whether a URL may be called, as far as it says itself: an http or https URL, on port 80 or
 * 443 or above 1023, whose host, if it is an address, is a public one or allowed.  What a name
 * leads to is looked at when it is called: see hook_address_refused().  RESULT_INVALID.
 */
enum result hook_url_check(const struct config *config, const char *url, struct url *parts,
                           struct reason *why);

/* The same of one that a caller names: RESULT_DENIED where callers may name none. */
enum result hook_caller_url_check(const struct config *config, const char *url,
                                  struct reason *why);

/* What an address is that may not be connected to ("private"); NULL if it may. */
const char *hook_address_refused(const struct addr_list *allowed, const struct addr *addr);

/*
 * An account's secret as it is shown: whsec_ and base64.  Account NULL is the operator.  The
 * caller wipes it.
 */
enum result hook_secret_print(const char *account, char out[HOOK_SECRET_TEXT_MAX],
                              struct reason *why);

/* Makes all secrets anew.  What is told in the next day is signed by both. */
enum result hook_secret_rotate(struct reason *why);

/* Whether the operator is told, as the settings say; to be called before jobs are worked off.
 */
enum result hook_start(struct home *home, struct reason *why);

/* Which a row's URL is: its own, or the operator's; NULL if it is not to be called any more. */
const char *hook_url(const struct config *config, const struct hook_row *row);

/* What is sent. */
struct hook_message {
    struct buf body;
    char id[HOOK_HEADER_MAX], timestamp[HOOK_HEADER_MAX]; /* headers, as "name: value" */
    char signature[HOOK_HEADER_MAX];
    char trace[HOOK_HEADER_MAX], state[HOOK_TRACE_MAX]; /* the same; empty: of no trace */
};

/* Makes it, as of a wall time.  For hook_message_free(), also after a failure. */
enum result hook_message_make(const struct hook_row *row, int64_t now_us,
                              struct hook_message *message, struct reason *why);
void hook_message_free(struct hook_message *message);

/*
 * What becomes of a row after an attempt, whose answer and problem are in it already: sets
 * state, due_ns and told_us.  now_ns is clock_boot_ns().
 */
void hook_judge(struct hook_row *row, int64_t now_ns, int64_t now_us);

/* The longest that an attempt can have to wait for. */
int64_t hook_delay_max_ns(void);

#endif
