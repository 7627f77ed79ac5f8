/*
 * openapi_inner.h: what the parts of the OpenAPI document share, and the reference page, which
 * is made of the same tables: openapi.c writes the document, openapi_operation.c its paths,
 * openapi_schemas.c its components, and the others are tables.  No one else but a test includes
 * it.
 */
#ifndef HTTP_OPENAPI_INNER_H
#define HTTP_OPENAPI_INNER_H

#include <stdbool.h>

#include "base/json_write.h"
#include "http/form.h"
#include "http/request.h"
#include "http/route.h"
#include "http/shape.h"

/* ---- tables ---- */

/* What an operation answers when it goes well: a row for each type. */
struct openapi_answer {
    const char *operation;
    const char *type;  /* media type */
    const char *shape; /* shape.h */
};

size_t openapi_answer_count(void);
const struct openapi_answer *openapi_answer_at(size_t i);

/*
 * Whether an operation has this name in the tables: its own, or for one version of a model
 * (v2ModelVersionReady) that for the model (v2ModelReady).
 */
bool openapi_is_called(const char *operation, const char *name);
bool openapi_answer_is_of(const struct openapi_answer *answer, const struct route *route);

/* What answers have in common, by name. */
struct openapi_shape {
    const char *name, *shape;
};

size_t openapi_shape_count(void);
const struct openapi_shape *openapi_shape_at(size_t i);

/* The members that a job begins with, and those of a span of time in steps. */
#define OPENAPI_JOB                                                                         \
    "job_uuid: text, status: 'pending' | 'processing' | 'completed' | 'failed' | "          \
    "'cancelled', model: text, created_at: time, links: {self: text, result: text} (paths " \
    "from the root of the server)"
#define OPENAPI_SPAN                                                                       \
    "step_seconds: int, since: time, until: time, calls: int, complete_from: time | null " \
    "(where there were too many calls to read: from when on all were)"

/* What a request of an operation may look like, and the answer to it: JSON, or NULL. */
struct openapi_example {
    const char *operation, *request, *answer;
};

/* NULL where an operation has none. */
const struct openapi_example *openapi_example_of(const char *operation);

/* Routes that belong together, by what their paths begin with. */
struct openapi_tag {
    const char *name, *path, *words;
};

size_t openapi_tag_count(void);
const struct openapi_tag *openapi_tag_at(size_t i);
const struct openapi_tag *openapi_tag_of(const struct route *route);

/* ---- of routes ---- */

/* Whether it can refuse with a status: what its row has it look at. */
bool openapi_refuses(const struct route *route, enum reply_status status);

/* The schema's name of what a body has to be, or NULL. */
const char *openapi_body_schema(const struct route *route);

/* The media types of a body, with NULL at the end; none where there is no body. */
enum {
    OPENAPI_BODY_TYPES = 4
};
void openapi_body_types(const struct route *route, const char *types[OPENAPI_BODY_TYPES]);

/* Whether a body has to be there. */
bool openapi_body_needed(const struct route *route);

/* What a variable of a path stands for, in words, and what it may be. */
const char *openapi_variable_words(const struct route *route, const char *name, size_t len);
const char *openapi_variable_example(const struct route *route, const char *name, size_t len);

/* What of a credential the route asks for, in words; empty for an open one. */
enum {
    OPENAPI_WORDS_MAX = KEY_SCOPES_MAX + 160
};
void openapi_credential_print(char out[OPENAPI_WORDS_MAX], const struct route *route);

/* ---- writing ---- */

/* A member whose value is JSON already. */
void openapi_raw(struct json_writer *writer, const char *key, const char *json);

/* Whether a password can be given for a token. */
bool openapi_has_login(void);

/* The schema of a field, as a value: of a member of a JSON body, or of a parameter. */
void openapi_field(struct json_writer *writer, const struct form_field *field, bool json);

/* Whether a body of this form has to have something in it. */
bool openapi_form_needed(const struct form *form);

/* The schema of a form, as a value. */
void openapi_form(struct json_writer *writer, const struct form *form);

/* The operation of a route, as a member of its path. */
void openapi_operation(struct json_writer *writer, const struct route *route);

/*
 * The whole document, and its member components.  What the caller of the request may use of the
 * published models has its schemas among them; without a service or a caller there are none.
 */
void openapi_document(struct json_writer *writer, const struct service *service,
                      const struct request *request);
void openapi_components(struct json_writer *writer, const struct service *service,
                        const struct request *request);

#endif
