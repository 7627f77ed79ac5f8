/*
 * key_help.h: what the tests of keys share: a home in which keys are made and changed.
 */
#ifndef TESTS_KEY_HELP_H
#define TESTS_KEY_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "gate/key.h"

static struct home home;
static struct reason why;
static enum key_part wrong; /* the part that the last wish was refused for */

/* A key of which nothing is said but one thing. */
static inline enum result try_make(enum key_part part, const char *value,
                                   char text[KEY_TEXT_LEN + 1], struct key_row *row)
{
    struct key_wish wish = {{[KEY_PART_NAME] = "test"}};

    wish.parts[part] = value;
    return key_create(&home, &wish, text, row, &wrong, &why);
}

static inline void make_with(enum key_part part, const char *value, char text[KEY_TEXT_LEN + 1],
                             struct key_row *row)
{
    if (try_make(part, value, text, row) != RESULT_OK)
        fail_msg("%s", why.text);
}

static inline void make(char text[KEY_TEXT_LEN + 1], struct key_row *row)
{
    make_with(KEY_PART_NAME, "test", text, row);
}

static inline enum result set(const char *id, enum key_part part, const char *value)
{
    struct key_wish wish = {{NULL}};
    struct key_row row;

    wish.parts[part] = value;
    return key_set(&home, id, &wish, &row, &wrong, &why);
}

static inline void must_set(const char *id, enum key_part part, const char *value)
{
    if (set(id, part, value) != RESULT_OK)
        fail_msg("%s", why.text);
}

#endif
