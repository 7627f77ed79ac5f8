/*
 * front_texts.c: templates of etc/, taken in by the assembler.  Paths are from the top of the
 * source tree, where make runs the compiler.
 */
#include "cmd/front_texts.h"

#define TEXT(symbol, path)                               \
    __asm__(".pushsection .rodata\n"                     \
            ".global " #symbol "\n"                      \
            ".type " #symbol ", @object\n" #symbol ":\n" \
            ".incbin \"" path "\"\n"                     \
            ".byte 0\n"                                  \
            ".size " #symbol ", . - " #symbol "\n"       \
            ".popsection\n")

TEXT(front_lighttpd, "etc/lighttpd/forestgate.conf.in");
TEXT(front_apache, "etc/apache/forestgate.conf.in");
TEXT(front_nginx, "etc/nginx/forestgate.conf.in");
TEXT(front_htaccess, "etc/apache/htaccess.in");
TEXT(front_errors, "etc/errors.tsv");
