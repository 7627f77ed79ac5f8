/*
 * page_text.h: texts in pages that are written here.
 */
#ifndef HTTP_PAGE_TEXT_H
#define HTTP_PAGE_TEXT_H

#include "base/buf.h"

/*
 * Appends a text as HTML, whatever is in it: as what stands between tags, or in an attribute in
 * quotes.
 */
void page_text(struct buf *out, const char *text);
void page_text_n(struct buf *out, const char *text, size_t len);

#endif
