/*
 * handle_page.c: the files of www/, as they are.
 *
 * A browser keeps them and asks each time whether they are still the same (RFC 9111, section
 * 5.2.2.4), so what it shows is of one release, and no second visit moves their bytes.
 *
 * The page of an invitation has that in its URL's fragment, which no browser sends: it is in
 * no log, and goes to the service in a body alone.
 */
#include <string.h>

#include "http/handlers.h"
#include "http/page_policy.h"
#include "http/pages.h"

/*
 * Whether a tag is one of If-None-Match (RFC 9110, section 13.1.2), where a front that packs
 * answers may have made it a weak one.
 */
static bool is_known(const char *field, const char *tag)
{
    const char *found = field != NULL ? strstr(field, tag) : NULL;

    return found != NULL || (field != NULL && strcmp(field, "*") == 0);
}

static void page_answer(const struct service *service, const char *path, struct reply *reply)
{
    const struct page_file *file = page_file_find(path);

    if (file == NULL) {
        reply_refuse(reply, REPLY_NOT_FOUND, "There is no such file of the pages.");
        return;
    }
    reply->type = file->type;
    reply->cache = "no-cache";
    reply_header(reply, "ETag", file->tag);
    page_policy_put(reply, path);
    if (is_known(fcgi_param(service->fcgi, FCGI_IF_NONE_MATCH), file->tag))
        reply->status = REPLY_NOT_MODIFIED;
    else
        buf_put(&reply->body, file->bytes, (size_t)(file->end - file->bytes));
}

void handle_page(struct service *service, struct request *request, struct reply *reply)
{
    page_answer(service, request->path, reply);
}
