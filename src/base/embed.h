/*
 * embed.h: a file of the source tree as a constant of the program, taken in by the assembler.
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

/*
 * Defines the symbol, declared elsewhere as extern const char symbol[], with the bytes of the
 * file and a NUL behind them, at which symbol_end[] is.  The path is from the top of the tree,
 * where make runs the compiler, and no -MMD sees it: the Makefile has to name what the object
 * is made of.
 */
#define EMBED(symbol, path)                              \
    __asm__(".pushsection .rodata\n"                     \
            ".global " #symbol ", " #symbol "_end\n"     \
            ".type " #symbol ", %object\n" #symbol ":\n" \
            ".incbin \"" path "\"\n" #symbol "_end:\n"   \
            ".byte 0\n"                                  \
            ".size " #symbol ", . - " #symbol "\n"       \
            ".popsection\n")

#endif
