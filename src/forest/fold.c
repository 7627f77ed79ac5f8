/*
 * fold.c: kinds and lower cases of characters, by the tables of fold.py.
 *
 * Invariant: both tables are sorted and their ranges do not overlap.
 */
#include "forest/fold.h"

#include <stddef.h>

struct fold_range {
    uint32_t begin, end; /* both are in it */
    enum fold_kind kind;
};

/* Every step-th character from begin to end has its lower case delta further on. */
struct fold_case {
    uint32_t begin, end, step;
    int32_t delta;
};

#include "forest/fold.inc"

static enum fold_kind ascii_kind(uint32_t code)
{
    if ((code | 0x20) >= 'a' && (code | 0x20) <= 'z')
        return FOLD_LETTER;
    if (code >= '0' && code <= '9')
        return FOLD_DIGIT;
    if (code <= ' ' || code == 0x7f)
        return FOLD_SPACE;
    return FOLD_OTHER;
}

enum fold_kind fold_kind(uint32_t code)
{
    size_t low = 0, high = sizeof(kinds) / sizeof(kinds[0]);

    if (code < 0x80)
        return ascii_kind(code);
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (code > kinds[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == sizeof(kinds) / sizeof(kinds[0]) || code < kinds[low].begin)
        return FOLD_OTHER;
    return kinds[low].kind;
}

uint32_t fold_lower(uint32_t code)
{
    size_t low = 0, high = sizeof(cases) / sizeof(cases[0]);

    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (code > cases[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == sizeof(cases) / sizeof(cases[0]) || code < cases[low].begin ||
        (code - cases[low].begin) % cases[low].step != 0)
        return code;
    return code + (uint32_t)cases[low].delta;
}
