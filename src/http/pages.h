/*
 * pages.h: the files of www/, built into the worker so that it needs no other file.
 */
#ifndef HTTP_PAGES_H
#define HTTP_PAGES_H

/* Each with a NUL behind it. */
extern const char pages_index_html[];
extern const char pages_style_css[];
extern const char pages_setup_html[];
extern const char pages_setup_js[];

#endif
