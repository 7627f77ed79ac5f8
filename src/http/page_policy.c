/*
 * page_policy.c: what pages may load and tell (W3C CSP Level 3, Referrer Policy).
 *
 * No page has a script or a style of its own text in it, so none may run; but of styles on
 * /docs, which is Swagger UI's.
 */
#include "http/page_policy.h"

#include <string.h>

#define OF_A_CONSOLE                                            \
    "default-src 'none'; style-src 'self'; script-src 'self'; " \
    "connect-src 'self'; img-src 'self' data:; " NOTHING_ELSE
#define NOTHING_ELSE "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

const char page_none_content[] = "default-src 'none'; " NOTHING_ELSE;
const char page_none_referrer[] = "strict-origin-when-cross-origin";

const struct page_policy page_policies[PAGE__MAX] = {
    [PAGE_HOME] = {"/", OF_A_CONSOLE, "strict-origin-when-cross-origin", true},
    [PAGE_ACCOUNT] = {"/account", OF_A_CONSOLE, "strict-origin-when-cross-origin", false},
    [PAGE_ADMIN] = {"/admin", OF_A_CONSOLE, "strict-origin-when-cross-origin", false},
    /* Its URL has an invitation, in the part that is not sent; nothing else leaves it, too. */
    [PAGE_SETUP] = {"/setup",
                    "default-src 'none'; style-src 'self'; script-src 'self'; "
                    "connect-src 'self'; img-src 'self'; " NOTHING_ELSE,
                    "no-referrer", false},
    [PAGE_REFERENCE] = {"/redoc", OF_A_CONSOLE, "strict-origin-when-cross-origin", false},
    /* Swagger UI writes styles into its elements. */
    [PAGE_DOCS] = {"/docs",
                   "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; "
                   "connect-src 'self'; img-src 'self' data:; " NOTHING_ELSE,
                   "strict-origin-when-cross-origin", false},
};

void page_policy_put(struct reply *reply, const char *path)
{
    for (int i = 0; i < PAGE__MAX; i++)
        if (strcmp(page_policies[i].path, path) == 0) {
            reply_header(reply, "Content-Security-Policy", page_policies[i].content);
            reply_header(reply, "Referrer-Policy", page_policies[i].referrer);
        }
}
