/*
 * svg.c: pieces of a picture.
 *
 * Nobody knows which font there will be, so widths are those of common sans-serif fonts,
 * by kinds of characters, and a little more.
 */
#include "forest/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum {
    SIZE_BIG = 18,
    SIZE_NORMAL = 13,
    SIZE_SMALL = 11,
};

/* Colours of the pages (www/ui/style.css). */
static const char style[] =
    "text{font-family:system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif;"
    "font-size:13px;fill:#1c2a22}"
    ".big{font-size:18px}.small{font-size:11px}.bold{font-weight:600}"
    ".muted{fill:#5d6d64}.lit{fill:#1f6b43}"
    ".paper{fill:#fbfcfa}.card{fill:#eef3ef;stroke:#cdd8d0}"
    ".leaf{fill:#fbfcfa;stroke:#cdd8d0}.stub{fill:none;stroke:#9fb0a6;stroke-dasharray:3 3}"
    ".litcard{stroke:#1f6b43;stroke-width:2}"
    ".edge{fill:none;stroke:#b4c3ba;stroke-linecap:round}"
    ".litedge{fill:none;stroke:#1f6b43;stroke-linecap:round}"
    ".line{stroke:#cdd8d0}.bar{fill:#1f6b43}.track{fill:#eef3ef}.dim{opacity:.6}"
    "@media(prefers-color-scheme:dark){"
    "text{fill:#e4ece7}.muted{fill:#9bada3}.lit{fill:#7fd1a4}"
    ".paper{fill:#141a17}.card{fill:#1e2722;stroke:#36443c}"
    ".leaf{fill:#141a17;stroke:#36443c}.stub{stroke:#5d6d64}"
    ".litcard{stroke:#7fd1a4}.edge{stroke:#46564d}.litedge{stroke:#7fd1a4}"
    ".line{stroke:#36443c}.bar{fill:#7fd1a4}.track{fill:#1e2722}"
    ".dim{opacity:.7}}";

void svg_begin(struct buf *out, double width, double height, const char *title)
{
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
               "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
               width, height, width, height);
    svg_escape(out, title);
    buf_printf(out,
               "</title>\n<style>%s</style>\n"
               "<rect class=\"paper\" width=\"%.0f\" height=\"%.0f\"/>\n",
               style, width, height);
}

void svg_end(struct buf *out)
{
    buf_puts(out, "</svg>\n");
}

/* One character; XML has no way to say most controls (XML 1.0, 2.2). */
static void put_char(struct buf *out, const char *bytes, size_t len, uint32_t code)
{
    if (code == '<')
        buf_puts(out, "&lt;");
    else if (code == '>')
        buf_puts(out, "&gt;");
    else if (code == '&')
        buf_puts(out, "&amp;");
    else if (code == '"')
        buf_puts(out, "&quot;");
    else if (code == '\'')
        buf_puts(out, "&#39;");
    else if (code < 0x20 || code == 0x7f || code == 0xfffe || code == 0xffff)
        buf_puts(out, "\xef\xbf\xbd");
    else
        buf_put(out, bytes, len);
}

/* The first character; an invalid byte is one of its own, U+FFFD. */
static size_t next_char(const char *text, size_t len, const char **bytes, size_t *n,
                        uint32_t *code)
{
    size_t used = utf8_decode(text, len, code);

    *bytes = text;
    *n = used;
    if (used != 0)
        return used;
    *bytes = "\xef\xbf\xbd";
    *n = 3;
    *code = 0xfffd;
    return 1;
}

void svg_escape(struct buf *out, const char *text)
{
    size_t left = strlen(text), used, n;
    const char *bytes;
    uint32_t code;

    for (; left > 0; text += used, left -= used) {
        used = next_char(text, left, &bytes, &n, &code);
        put_char(out, bytes, n, code);
    }
}

/* In ems. */
static double char_width(uint32_t code)
{
    if (code >= 0x1100)
        return code >= 0x2000 && code < 0x2e80 ? 0.7 : 1.05;
    if (code >= 0x80)
        return 0.65;
    if (strchr("iljI.,:;'|!()[] ft/", (int)code) != NULL)
        return 0.36;
    if (strchr("mwMW@%", (int)code) != NULL)
        return 0.9;
    return code >= 'A' && code <= 'Z' ? 0.7 : 0.6;
}

/* The width of a text, or how many of its bytes fit into the room. */
static double measure(const char *text, double size, double room, size_t *fitting)
{
    size_t left = strlen(text), used, n;
    double width = 0, next;
    const char *bytes;
    uint32_t code;

    *fitting = 0;
    for (; left > 0; text += used, left -= used) {
        used = next_char(text, left, &bytes, &n, &code);
        next = width + char_width(code) * size;
        if (next <= room)
            *fitting += used;
        else if (room > 0)
            room = -1;
        width = next;
    }
    return width;
}

double svg_text_width(const char *text, double size)
{
    size_t fitting;

    return measure(text, size, INFINITY, &fitting);
}

void svg_text(struct buf *out, double x, double y, enum svg_anchor anchor, const char *classes,
              double room, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    const double size = strstr(classes, "big") != NULL     ? SIZE_BIG
                        : strstr(classes, "small") != NULL ? SIZE_SMALL
                                                           : SIZE_NORMAL;
    const double bold = strstr(classes, "bold") != NULL ? 1.06 : 1;
    size_t fitting, len = strlen(text), used, n;
    const char *bytes;
    uint32_t code;
    bool cut;

    cut = measure(text, size * bold, room, &fitting) > room;
    if (cut)
        measure(text, size * bold, room > size ? room - size : 0, &fitting);
    buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\"", x, y, classes);
    if (anchor != SVG_START)
        buf_printf(out, " text-anchor=\"%s\"", anchors[anchor]);
    buf_putc(out, '>');
    for (size_t i = 0; i < (cut ? fitting : len); i += used) {
        used = next_char(text + i, len - i, &bytes, &n, &code);
        put_char(out, bytes, n, code);
    }
    buf_puts(out, cut ? "\xe2\x80\xa6</text>\n" : "</text>\n");
}

void svg_tip(struct buf *out, const char *text)
{
    buf_puts(out, "<title>");
    svg_escape(out, text);
    buf_puts(out, "</title>");
}

void svg_class_colour(char out[32], uint32_t k)
{
    static const char *const first[] = {"#3f7fc4", "#e8833a", "#8a63c9", "#3aa66b", "#d6496c",
                                        "#2aa5b0", "#b8902a", "#7a6a5c", "#c565b5", "#8fa832"};
    const uint32_t named = sizeof(first) / sizeof(first[0]);

    if (k < named)
        snprintf(out, 32, "%s", first[k]);
    else /* by the golden angle: neighbours are far apart */
        snprintf(out, 32, "hsl(%u,48%%,%u%%)", (unsigned)((uint64_t)k * 1375077 / 10000 % 360),
                 (unsigned)(46 + k % 3 * 7));
}

/* From blue over grey to orange, so that neither end is lost on light or dark paper. */
void svg_value_colour(char out[32], double at)
{
    static const double ends[3][3] = {{47, 111, 196}, {142, 152, 147}, {226, 113, 29}};
    const double *from = ends[at > 0.5], *to = ends[at > 0.5 ? 2 : 1];
    double part;
    int mixed[3];

    at = at >= 0 && at <= 1 ? at : 0.5;
    part = at > 0.5 ? at * 2 - 1 : at * 2;
    for (int i = 0; i < 3; i++)
        mixed[i] = (int)(from[i] + (to[i] - from[i]) * part + 0.5);
    snprintf(out, 32, "#%02x%02x%02x", (unsigned)mixed[0], (unsigned)mixed[1],
             (unsigned)mixed[2]);
}

void svg_number(char out[32], double value)
{
    snprintf(out, 32, "%.6g", value);
    if (out[0] == '-') { /* the minus of typesetters */
        memmove(out + 3, out + 1, strlen(out + 1) + 1);
        memcpy(out, "\xe2\x88\x92", 3);
    }
}
