/*
 * near.c: which of the words that there are somebody may have meant.
 *
 * Both words are bounded, so that no name, however long, costs more than a few thousand steps.
 */
#include "base/near.h"

#include <string.h>

#include "base/text.h"

enum {
    STEP_LETTERS = 3, /* for so many letters one step is near */
    STEPS_MAX = 3,
    BEGINNING = 3, /* letters of a beginning that says which word it is of */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return text_lower(a) == text_lower(b);
}

/* The three rows of the table that are looked at: the one at hand and the two before it. */
static size_t distance_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAR_WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;

    for (size_t j = 0; j <= b_len; j++)
        before[j] = above[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

size_t near_distance(const char *a, const char *b, size_t most)
{
    size_t a_len = strnlen(a, NEAR_WORD_MAX + 1), b_len = strnlen(b, NEAR_WORD_MAX + 1);
    size_t apart = a_len > b_len ? a_len - b_len : b_len - a_len, distance;

    if (a_len > NEAR_WORD_MAX || b_len > NEAR_WORD_MAX || apart > most)
        return most + 1;
    distance = distance_of(a, a_len, b, b_len);
    return distance > most ? most + 1 : distance;
}

/* How many steps away from a word of so many letters is still near. */
static size_t steps_near(size_t len)
{
    if (len < 2)
        return 0;
    return len < STEP_LETTERS ? 1 : least(len / STEP_LETTERS, STEPS_MAX);
}

void near_begin(struct near *near, const char *typed)
{
    memset(near, 0, sizeof(*near));
    if (strnlen(typed, NEAR_WORD_MAX + 1) <= NEAR_WORD_MAX)
        text_copy(near->typed, sizeof(near->typed), typed);
    near->distance = steps_near(strlen(near->typed)) + 1;
}

static bool is_beginning(const char *typed, const char *word)
{
    size_t i = 0;

    while (typed[i] != '\0' && same(typed[i], word[i]))
        i++;
    return typed[i] == '\0' && i >= BEGINNING;
}

void near_try(struct near *near, const char *word)
{
    size_t len = strlen(near->typed), most = near->distance - 1, distance;

    if (len == 0 || near->distance == 0)
        return;
    distance = near_distance(near->typed, word, most);
    if (is_beginning(near->typed, word) && strnlen(word, NEAR_WORD_MAX + 1) <= NEAR_WORD_MAX)
        distance = 0;
    if (distance > most)
        return;
    near->distance = distance;
    text_copy(near->word, sizeof(near->word), word);
}

const char *near_word(const struct near *near)
{
    return near->word[0] != '\0' ? near->word : NULL;
}
