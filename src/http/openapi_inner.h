/*
 * openapi_inner.h: what the two parts of the OpenAPI document share: openapi.c writes the
 * paths, openapi_schemas.c the components.  No one else but a test includes it.
 */
#ifndef HTTP_OPENAPI_INNER_H
#define HTTP_OPENAPI_INNER_H

#include <stdbool.h>

#include "base/json_write.h"
#include "http/form.h"
#include "http/route.h"

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

/* The member components. */
void openapi_components(struct json_writer *writer);

#endif
