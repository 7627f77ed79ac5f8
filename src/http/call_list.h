/*
 * call_list.h: a list of calls, by a query, a page at a time.
 */
#ifndef HTTP_CALL_LIST_H
#define HTTP_CALL_LIST_H

#include <stdbool.h>

#include "base/json_write.h"
#include "base/result.h"
#include "http/form.h"
#include "http/reply.h"
#include "http/request.h"
#include "store/calls.h"

/* The fields of such a query, for a form of them and perhaps more. */
#define CALL_LIST_FIELDS                                                                       \
    {"limit", FORM_INTEGER, .min = 1, .max = 1000, .help = "How many at most; 50 by default"}, \
        {"before", FORM_INTEGER, .min = 1, .max = INT64_MAX,                                   \
         .help = "The member next of the page before"},                                        \
        {"model", FORM_TEXT, .min = 1, .max = MODEL_NAME_MAX, .help = "To this model alone"},  \
        {"key", FORM_TEXT, .min = 1, .max = KEY_ID_LEN, .help = "By this key alone, its id"},  \
        {"status", FORM_TEXT, .min = 3, .max = 3,                                              \
         .help = "Of this status alone, 429, or of a class of them, 4xx"},                     \
        {"since", FORM_TIME, .help = "From then on"},                                          \
    {                                                                                          \
        "until", FORM_TIME, .help = "Before then"                                              \
    }

/*
 * Reads the query into the filter, whose user is left as it is.  False with the refusal
 * written.
 */
bool call_list_filter(const struct request *request, struct call_filter *filter,
                      struct reply *reply);

/* A time of a query for a filter, which takes 0 for none. */
int64_t call_list_time(const struct request *request, const char *name);

/*
 * Brings in what has ended by now, if it can be in a moment, and writes the members "calls",
 * newest first, and "next": what to give as before for the next page, null on the last.  A
 * page looks at so many calls at most, however few of them fit: it may be short, or empty,
 * and have a next one.
 */
enum result call_list_write(struct service *service, const struct call_filter *filter,
                            struct json_writer *writer, struct reason *why);

/*
 * A member "totals" of all that fits, on whatever page: calls, rows, charged, failed, mean_ms.
 * Where the filter is of user, key, model and whole days they are of the sums that are kept,
 * which the calls of long ago are in, too; else they are counted, and null where too many calls
 * would have to be looked at.
 */
enum result call_list_totals(struct service *service, const struct call_filter *filter,
                             struct json_writer *writer, struct reason *why);

#endif
