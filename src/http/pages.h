/*
 * pages.h: the files of www/, built into the worker so that it needs no other file.
 */
#ifndef HTTP_PAGES_H
#define HTTP_PAGES_H

#include <stdbool.h>

struct page_file {
    const char *path; /* "/ui/api.js"; of a page "/account", and "/" of index.html */
    const char *type; /* its media type */
    const char *tag;  /* its entity tag, quotes and all (RFC 9110, section 8.8.3) */
    const char *bytes, *end;
};

/* The file of a path, or NULL. */
const struct page_file *page_file_find(const char *path);

/* Whether Swagger UI is built in (make docs-ui). */
bool page_docs_are_there(void);

#endif
