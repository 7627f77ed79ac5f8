/*
 * page_policy.c: what pages may load and tell (W3C CSP Level 3, Referrer Policy).
 *
 * No page has a script or a style of its own text in it, so none may run.
 */
#include "http/page_policy.h"

#define NOTHING_ELSE "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

const char page_none_content[] = "default-src 'none'; " NOTHING_ELSE;
const char page_none_referrer[] = "strict-origin-when-cross-origin";

const struct page_policy page_policies[PAGE__MAX] = {
    [PAGE_HOME] = {"/", "default-src 'none'; style-src 'self'; " NOTHING_ELSE,
                   "strict-origin-when-cross-origin", true},
    /* Its URL has an invitation, in the part that is not sent; nothing else leaves it, too. */
    [PAGE_SETUP] = {"/setup",
                    "default-src 'none'; style-src 'self'; script-src 'self'; "
                    "connect-src 'self'; " NOTHING_ELSE,
                    "no-referrer", false},
};

void page_policy_put(struct reply *reply, enum page page)
{
    reply_header(reply, "Content-Security-Policy", page_policies[page].content);
    reply_header(reply, "Referrer-Policy", page_policies[page].referrer);
}
