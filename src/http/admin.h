/*
 * admin.h: what the handlers of the administration share: how a list is paged, and what a
 * verb's result is to the administrator who asked for it.
 */
#ifndef HTTP_ADMIN_H
#define HTTP_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_write.h"
#include "http/form.h"
#include "http/reply.h"
#include "http/request.h"

enum {
    ADMIN_LIMIT = 50, /* rows of a list, if nobody says */
    ADMIN_LIMIT_MAX = 1000,
    ADMIN_SEARCH_MAX = 128, /* characters */
};

/* The fields of a query that pages a list. */
#define ADMIN_LIMIT_FIELD                                                        \
    {                                                                            \
        "limit", FORM_INTEGER, .min = 1, .max = ADMIN_LIMIT_MAX,                 \
                               .help = "How many at most; 50 if nothing is said" \
    }
#define ADMIN_OFFSET_FIELD                                                                   \
    {                                                                                        \
        "offset", FORM_INTEGER, .min = 0, .max = 1000000000, .help = "How many to pass over" \
    }
#define ADMIN_BEFORE_FIELD                                                                 \
    {                                                                                      \
        "before", FORM_INTEGER, .min = 1, .max = INT64_C(1) << 53,                         \
                                .help = "Go on behind the page whose member next was this" \
    }

/* Of a list that has nothing but pages. */
extern const struct form form_admin_page;

struct admin_page {
    int64_t limit, offset;
};

/* What a query says of its page. */
struct admin_page admin_page_of(const struct request *request);

/* Writes the members of a page, with how many there are in all. */
void admin_page_write(struct json_writer *writer, const struct admin_page *page, int64_t total);

/* The text of a field; NULL if it was not given or is null. */
const char *admin_text(const struct form_data *data, const char *name);

/* A field's integer, or what stands for it if it was not given. */
int64_t admin_integer(const struct form_data *data, const char *name, int64_t fallback);

/* Whether a field is given: -1 if it is not, else whether it is true. */
int admin_truth(const struct form_data *data, const char *name);

/* What is searched for, in lower case as far as it is ASCII; NULL: all. */
const char *admin_search(const struct request *request, char out[ADMIN_SEARCH_MAX * 4 + 1]);

/*
 * Notes a field at fault whose value the gate refused for this reason; what is allowed is as
 * the reason says, or else as the form does.
 */
void admin_fault(struct reply *reply, const struct form *form, const char *field,
                 const struct reason *why);

/*
 * The refusal that a verb's result stands for: 422 for what is not allowed, of this field;
 * 404 for what is not there, `what` being its kind; 409 with the reason for what something
 * else needs as it is; and the rest is not the administrator's.
 */
struct admin_asked {
    const char *what; /* "user" */
    const struct form *form;
    const char *field;
};
void admin_refuse(struct reply *reply, const struct admin_asked *asked, enum result result,
                  const struct reason *why);
void admin_refuse_missing(struct reply *reply, const char *what);

/*
 * The header Location of a thing that was made: a path from the route's own, so that it holds
 * wherever the service is mounted.  The id is ours.
 */
void admin_location(struct reply *reply, const char *collection, const char *id);

#endif
