/*
 * pages.c: the files of www/, taken in by the assembler.  Paths are from the top of the
 * source tree, where make runs the compiler.
 */
#include "http/pages.h"

#define PAGE(symbol, path)                               \
    __asm__(".pushsection .rodata\n"                     \
            ".global " #symbol "\n"                      \
            ".type " #symbol ", @object\n" #symbol ":\n" \
            ".incbin \"" path "\"\n"                     \
            ".byte 0\n"                                  \
            ".size " #symbol ", . - " #symbol "\n"       \
            ".popsection\n")

PAGE(pages_index_html, "www/index.html");
PAGE(pages_style_css, "www/style.css");
PAGE(pages_setup_html, "www/setup.html");
PAGE(pages_setup_js, "www/setup.js");
