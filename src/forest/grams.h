/*
 * grams.h: a text as the n-grams that a text model counts: words, their beginnings and
 * ends, pairs of words, exclamations, smileys.
 *
 * A word is a run of letters, digits and the marks on them, in lower case; an apostrophe
 * belongs to it between two letters. Where a script has no spaces each character is one.
 * Of a word only the first GRAM_WORD_MAX characters count. From a word come
 *
 *     itself                                        great
 *     its first 3 to 7 characters, if it has more   gre- grea-
 *     its last 3 and 4, if it has more              -eat -reat
 *     it and the one before it                      very great
 *
 * The two words behind an English negation (not, never, n't...) are marked as negated,
 * with all that comes from them, unless a stop or "but" stands between: "not great" has
 * the word !great. Runs of one of ! and ?, smileys (with or without a nose) and symbols
 * such as emoji are grams too.
 *
 * Each gram has a hash of 64 bits: FNV-1a over its UTF-8 bytes, with a seed, its kind and
 * its mark mixed in (see grams.c). Images rely on all of this: what changes here needs
 * another number for TEXT_GRAMS (text_layout.h).
 */
#ifndef FOREST_GRAMS_H
#define FOREST_GRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GRAM_WORD_MAX = 64,  /* characters */
    GRAM_PER_CHAR = 2,   /* a text of n characters has at most this many grams for each */
    GRAM_NAME_MAX = 640, /* bytes of a gram's name, with its NUL */
};

enum gram_kind {
    GRAM_WORD = 1,
    GRAM_PREFIX,
    GRAM_SUFFIX,
    GRAM_PAIR,
    GRAM_SIGN,
};

struct gram {
    uint64_t hash;
    enum gram_kind kind;
    bool negated;
    uint32_t at; /* how many words and signs stand before its own */
    /* Its characters in lower case, valid during the call; of a pair the second word. */
    const char *text;
    size_t len;
    const char *first; /* of a pair the first word */
    size_t first_len;
};

/* What is counted of a text beside its grams. */
struct gram_counts {
    uint32_t chars;    /* all characters */
    uint32_t letters;  /* and digits */
    uint32_t capitals; /* letters that have a lower case */
    uint32_t words;    /* and signs */
};

/*
 * Calls take for each gram, in the text's order.  The text is UTF-8; bytes that are not
 * stand for nothing.  counts is filled.
 */
void grams_each(const char *text, size_t len, uint64_t seed,
                void (*take)(void *arg, const struct gram *gram), void *arg,
                struct gram_counts *counts);

/* A gram as a person reads it: great, grea-, -reat, !great, very great. */
void gram_name(const struct gram *gram, char name[GRAM_NAME_MAX]);

#endif
