/*
 * handle_docs.c: the page on which routes are tried out: Swagger UI, where it is built in (make
 * docs-ui), and else the reference.
 */
#include "http/handlers.h"
#include "http/pages.h"

void handle_docs(struct service *service, struct request *request, struct reply *reply)
{
    if (page_docs_are_there())
        handle_page(service, request, reply);
    else
        handle_reference(service, request, reply);
}
