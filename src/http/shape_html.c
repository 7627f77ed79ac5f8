/*
 * shape_html.c: what an answer is made of, for people.
 *
 * A value is a line, its kind and what it is; what its objects have stands below it as a list
 * of such lines.
 */
#include <string.h>

#include "http/page_text.h"
#include "http/shape_inner.h"

static void piece_put(struct buf *out, const char *at, size_t len)
{
    page_text_n(out, at, len);
}

/* One alternative's kind. */
static const char *kind_write(struct buf *out, const char *at)
{
    size_t len;

    at = shape_blanks_skip(at);
    if (*at == '[') {
        buf_puts(out, "list of ");
        at++;
        for (;;) {
            at = shape_blanks_skip(kind_write(out, at));
            if (*at != '|')
                break;
            buf_puts(out, " or ");
            at++;
        }
        return shape_words_skip(at) + 1;
    }
    if (*at == '{') {
        buf_puts(out, "object");
        return shape_one_skip(at);
    }
    len = *at == '\'' ? (size_t)(shape_one_skip(at) - at) : strspn(at, shape_letters);
    if (*at == '\'') {
        buf_puts(out, "<code>");
        piece_put(out, at + 1, len - 2);
        buf_puts(out, "</code>");
    } else if (shape_kind_of(at) != SHAPE_NO_KIND) {
        piece_put(out, at, len);
    } else {
        buf_puts(out, "<a href=\"#shape-");
        piece_put(out, at, len);
        buf_puts(out, "\">");
        piece_put(out, at, len);
        buf_puts(out, "</a>");
    }
    return at + len;
}

static const char *value_write(struct buf *out, const char *at);

/* What an object has; nothing of one whose names are any. */
static void members_write(struct buf *out, const char *at)
{
    buf_puts(out, "<ul>\n");
    do {
        const char *name = shape_blanks_skip(at + 1);
        size_t len = *name == '*' ? 1 : strspn(name, shape_letters);

        buf_puts(out, "<li><code>");
        if (*name == '*')
            buf_puts(out, "NAME");
        else
            piece_put(out, name, len);
        buf_puts(out, "</code>");
        buf_puts(out, name[len] == '?' ? " <i>may be missing</i> " : " ");
        at = value_write(out, strchr(name, ':') + 1);
        buf_puts(out, "</li>\n");
    } while (*at == ',');
    buf_puts(out, "</ul>");
}

/* The lists of all objects among the alternatives. */
static void lists_write(struct buf *out, const char *at)
{
    for (;; at++) {
        at = shape_blanks_skip(at);
        if (*at == '[')
            lists_write(out, at + 1);
        else if (*at == '{')
            members_write(out, at);
        at = shape_blanks_skip(shape_one_skip(at));
        if (*at != '|')
            return;
    }
}

static const char *value_write(struct buf *out, const char *at)
{
    const char *from = at;

    for (;; at++) {
        at = shape_blanks_skip(kind_write(out, at));
        if (*at != '|')
            break;
        buf_puts(out, " or ");
    }
    if (*at == '(') {
        buf_puts(out, ": ");
        piece_put(out, at + 1, strcspn(at + 1, ")"));
    }
    lists_write(out, from);
    return shape_words_skip(at);
}

void shape_write_html(struct buf *out, const char *shape)
{
    value_write(out, shape);
}
