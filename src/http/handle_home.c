/*
 * handle_home.c: the way in: what this is and which routes there are, as JSON for a
 * program and as a page for a browser.
 */
#include <string.h>

#include "base/json_write.h"
#include "http/handlers.h"
#include "http/page_policy.h"
#include "http/route.h"

static void json_write(struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);

    json_write_object(&writer);
    json_member_string(&writer, "message",
                       "Forestgate: a locked, metered gate in front of tree ensembles. "
                       "Send X-API-Key with the routes that ask for a key.");
    json_member_string(&writer, "version", FORESTGATE_VERSION);
    json_write_key(&writer, "routes");
    json_write_array(&writer);
    for (size_t i = 0; i < route_count(); i++) {
        const struct route *route = route_at(i);
        char scope[KEY_SCOPES_MAX + 1];

        key_scopes_print(scope, (unsigned)route->scope);
        json_write_object(&writer);
        json_member_string(&writer, "method", request_method_name(route->method));
        json_member_string(&writer, "path", route->path);
        json_member_string(&writer, "credential", route_credential_name(route->credential));
        json_member_string(&writer, "scope", scope[0] != '\0' ? scope : NULL);
        json_member_string(&writer, "summary", route->summary);
        json_write_object_end(&writer);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

void handle_welcome(struct service *service, struct request *request, struct reply *reply)
{
    const char *accept = fcgi_param(service->fcgi, FCGI_ACCEPT);

    if (accept != NULL && strstr(accept, PAGE_ASKED) != NULL)
        handle_page(service, request, reply);
    else
        json_write(reply);
    reply_header(reply, "Vary", "Accept");
}
