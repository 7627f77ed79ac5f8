/*
 * pages.c: the files of www/, built in.
 */
#include "http/pages.h"

#include "base/embed.h"

EMBED(pages_index_html, "www/index.html");
EMBED(pages_style_css, "www/style.css");
EMBED(pages_setup_html, "www/setup.html");
EMBED(pages_setup_js, "www/setup.js");
