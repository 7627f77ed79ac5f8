/*
 * near.h: which of the words that there are somebody may have meant.
 */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stdbool.h>
#include <stddef.h>

enum {
    NEAR_WORD_MAX = 64 /* a longer word is near none */
};

/*
 * In how many steps one word becomes the other: a letter put in, taken out or changed, or two
 * neighbours exchanged, none of them touched twice (the optimal string alignment of Damerau
 * and Levenshtein).  Letters of ASCII count the same in either case.  most + 1 where it is
 * more than most, or a word is too long.
 */
size_t near_distance(const char *a, const char *b, size_t most);

/* The search for one, over words that come one by one. */
struct near {
    char typed[NEAR_WORD_MAX + 1]; /* empty: near nothing */
    char word[NEAR_WORD_MAX + 1];  /* the nearest so far, the first of several */
    size_t distance;               /* of it; or one more than is near */
};

void near_begin(struct near *near, const char *typed);
void near_try(struct near *near, const char *word);

/*
 * The nearest word, or NULL where none is near: a step for each three letters that were typed,
 * three at most, and one where it is two letters.  Nearest is what begins so, with three
 * letters at least.
 */
const char *near_word(const struct near *near);

#endif
