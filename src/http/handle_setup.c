/*
 * handle_setup.c: the page on which somebody with an invitation makes an account.
 *
 * The invitation is in the URL's fragment, which no browser sends: it is in no log, and goes
 * to the service in a body alone.
 */
#include "http/handlers.h"
#include "http/page_policy.h"
#include "http/pages.h"

void handle_setup(struct service *service, struct request *request, struct reply *reply)
{
    (void)service;
    (void)request;
    buf_puts(&reply->body, pages_setup_html);
    reply->type = "text/html; charset=utf-8";
    page_policy_put(reply, PAGE_SETUP);
}

void handle_setup_script(struct service *service, struct request *request, struct reply *reply)
{
    (void)service;
    (void)request;
    buf_puts(&reply->body, pages_setup_js);
    reply->type = "text/javascript; charset=utf-8";
}
