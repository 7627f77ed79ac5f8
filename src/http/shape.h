/*
 * shape.h: what an answer is made of, in a short notation that people read, too:
 *
 *     text int num bool null time any bytes    a value of that kind; a time is RFC 3339
 *     'ready'                                  this text
 *     Key                                      what has this name (a capital first)
 *     A | B                                    one of them
 *     [A]                                      a list of such
 *     {id: A, label?: B}                       an object; one with ? may be left out
 *     {*: A}                                   an object whose members have any names
 *
 * and behind any of them what it is, in parentheses: id: text (the public part).
 *
 * One notation makes the schemas of /openapi.json and what the reference page tells.
 */
#ifndef HTTP_SHAPE_H
#define HTTP_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json_write.h"

/* Whether a text is of the notation; if not, at says where it ceases to be. */
bool shape_is_valid(const char *shape, size_t *at);

/* Writes the JSON Schema (draft 2020-12, as in OpenAPI 3.1) of a shape that is valid. */
void shape_write_schema(struct json_writer *writer, const char *shape);

/*
 * Writes it as HTML for people: its kind, and its members as a list.  Names lead to their
 * places on the page (#shape-Key).
 */
void shape_write_html(struct buf *out, const char *shape);

#endif
