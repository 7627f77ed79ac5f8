/*
 * call_export.h: the calls that fit a query as CSV, however many, in constant memory.
 */
#ifndef HTTP_CALL_EXPORT_H
#define HTTP_CALL_EXPORT_H

#include <stdbool.h>

#include "http/form.h"
#include "http/reply.h"
#include "http/request.h"
#include "store/calls.h"

extern const char *const call_export_formats[]; /* "json", "csv" */

/* The field of a query that asks for it. */
#define CALL_EXPORT_FIELD                                                        \
    {                                                                            \
        "format", FORM_TEXT,                                                     \
            .choices = call_export_formats,                                      \
            .help = "csv: all that fit, as a file; without it, as Accept has it" \
    }

/* Whether the client asks for CSV: by the query, or if that says nothing by Accept. */
bool call_export_is_wanted(const struct service *service, const struct request *request);

/*
 * Answers all calls that fit, newest first, or as many as the query's limit says, with the
 * columns of forestgate call list --csv.  plain: for somebody who need not know which limits
 * are only tried (shadow); that column is empty then.
 */
void call_export(struct service *service, struct request *request,
                 const struct call_filter *filter, bool plain, struct reply *reply);

#endif
