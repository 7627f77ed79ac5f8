/*
 * fold.h: what a character of a text is, and its lower case, for every script, without
 * a locale: a text has the same words on every machine.
 */
#ifndef FOREST_FOLD_H
#define FOREST_FOLD_H

#include <stdint.h>

enum fold_kind {
    FOLD_OTHER,  /* punctuation, and what is no character */
    FOLD_SPACE,  /* separators and controls */
    FOLD_LETTER, /* of a word */
    FOLD_ALONE,  /* a letter that is a word by itself: Han, Hiragana, Katakana */
    FOLD_DIGIT,  /* numbers of any kind */
    FOLD_MARK,   /* accents and vowels that belong to the letter before */
    FOLD_SIGN,   /* symbols: emoji, currencies, arrows */
};

enum fold_kind fold_kind(uint32_t code);

/* The character's lower case, or itself. */
uint32_t fold_lower(uint32_t code);

#endif
