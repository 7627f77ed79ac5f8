/*
 * page_text.c: texts in pages that are written here.
 */
#include "http/page_text.h"

#include <string.h>

static const char *name_of(char byte)
{
    switch (byte) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void page_text_n(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char *name = name_of(text[i]);

        if (name != NULL)
            buf_puts(out, name);
        else
            buf_putc(out, text[i]);
    }
}

void page_text(struct buf *out, const char *text)
{
    page_text_n(out, text, strlen(text));
}
