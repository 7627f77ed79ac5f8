/*
 * post_none.c: post.h in a program that is linked statically and has no libcurl: no webhook
 * is sent, and whoever wants to send some is told so.
 */
#include <stddef.h>

#include "cmd/post.h"

static const char none[] =
    "this program was made for shared hosting (make hosting) and sends no webhooks: ask for "
    "the jobs instead, or have forestgate of another build send them";

enum result posts_open(const struct addr_list *allowed, struct posts **out, struct reason *why)
{
    (void)allowed;
    *out = NULL;
    return reason_set(why, RESULT_MISSING, "%s", none);
}

void posts_close(struct posts *posts)
{
    (void)posts;
}

enum result posts_begin(struct posts *posts, const struct post_ask *ask,
                        void (*ended)(void *arg, const struct post_answer *answer), void *arg,
                        struct reason *why)
{
    (void)posts, (void)ask, (void)ended, (void)arg;
    return reason_set(why, RESULT_MISSING, "%s", none);
}

void posts_run(struct posts *posts, int timeout_ms)
{
    (void)posts, (void)timeout_ms;
}
