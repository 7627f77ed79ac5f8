/*
 * complete.h: what may come next on a command line, for shells to offer.
 *
 * The words are those of the tables of nouns, verbs and options, and the names that the home
 * has; a shell's script knows none itself, but asks at each Tab.
 */
#ifndef CMD_COMPLETE_H
#define CMD_COMPLETE_H

#include <stdbool.h>

#include "base/buf.h"
#include "cmd/option.h"

/* What a value or an operand is. */
enum complete_kind {
    COMPLETE_FREE, /* anything */
    COMPLETE_CHOICES,
    COMPLETE_CHOICES_LIST, /* several, with commas between */
    COMPLETE_FILES,
    COMPLETE_DIRECTORIES,
    COMPLETE_MODELS,
    COMPLETE_MODELS_LIST,
    COMPLETE_MODELS_FILES, /* a model, one of its versions, or a file */
    COMPLETE_TIERS,
    COMPLETE_KEYS,
    COMPLETE_USERS,
    COMPLETE_INVITATIONS,
    COMPLETE_JOBS,
    COMPLETE__MAX
};

/*
 * Appends what may stand in the place of the last of the words, which follow the program's
 * name: a line for each that begins as it does, with a tab and what it is behind it where that
 * is known.  A line of ":files" or ":directories" says that these fit as well; ":nospace" that
 * more belongs to the same word.
 */
void complete_words(struct buf *out, int argc, char **argv);

/*
 * What a word of a table stands for: an option's value (option not NULL) or an operand of a
 * noun's command.  False where no row of complete.c knows.  *choices are its words, with |
 * between, of those that have some.
 */
bool complete_kind_of(const char *noun, const char *option, const char *word,
                      enum complete_kind *kind, const char **choices);

/* ---- complete_names.c ---- */

/*
 * Calls each for the names of the home that are of this kind and begin with a prefix, a bounded
 * number of them.  Nothing where there is no home, or one that this user may not read.
 */
void complete_names(enum complete_kind kind, const char *home, const char *prefix,
                    void (*each)(void *arg, const char *name, const char *about), void *arg);

#endif
