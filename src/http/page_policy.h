/*
 * page_policy.h: what the pages of www/ may load and tell, where it is more or less than what
 * a front says of every other answer.  The handlers of the pages say it; fronts that cannot
 * tell whether an answer has it have it from here by its path.
 */
#ifndef HTTP_PAGE_POLICY_H
#define HTTP_PAGE_POLICY_H

#include <stdbool.h>

#include "http/reply.h"

enum page {
    PAGE_HOME,
    PAGE_ACCOUNT,
    PAGE_ADMIN,
    PAGE_SETUP,
    PAGE_REFERENCE,
    PAGE_DOCS,
    PAGE__MAX
};

struct page_policy {
    const char *path;
    const char *content;  /* Content-Security-Policy */
    const char *referrer; /* Referrer-Policy */
    bool asked;           /* it is answered to who accepts PAGE_ASKED, and JSON to others */
};

#define PAGE_ASKED "text/html"

extern const struct page_policy page_policies[PAGE__MAX];

/* What answers have that are no page. */
extern const char page_none_content[], page_none_referrer[];

/* Adds the two headers of the page of a path to its answer, if it is a page. */
void page_policy_put(struct reply *reply, const char *path);

#endif
