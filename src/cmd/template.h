/*
 * template.h: text with places for values, parts that may be left out and parts that come
 * again, for configuration files.
 *
 *     @NAME@                    a value; one that there is not is a fault of the template
 *     #if FLAG, #if !FLAG       a line of its own: what follows, up to #else or #fi, is there
 *                               only if the flag is (not) set; these may stand in each other
 *     #each LIST ... #done      what is between comes once for each pair of the list, with
 *                               @ITEM@, @VALUE@ and @MORE@
 *
 * Values go in as they are: what cannot stand in the file has to be refused before.
 */
#ifndef CMD_TEMPLATE_H
#define CMD_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum {
    TEMPLATE_VALUES_MAX = 64,
    TEMPLATE_FLAGS_MAX = 32,
    TEMPLATE_LISTS_MAX = 8,
    TEMPLATE_NUMBERS_MAX = 32,
    TEMPLATE_NUMBER_MAX = 24,
};

struct template_pair {
    const char *item, *value;
    const char *more; /* NULL: there is no @MORE@ */
};

struct template_list {
    const char *name;
    const struct template_pair *pairs;
    size_t count;
};

/*
 * What is put in, from all zeros.  All texts are the caller's, and live as long as this is
 * used.
 */
struct template_facts {
    struct template_pair values[TEMPLATE_VALUES_MAX];
    size_t value_count;
    char numbers[TEMPLATE_NUMBERS_MAX][TEMPLATE_NUMBER_MAX]; /* values that are numbers */
    size_t number_count;
    const char *flags[TEMPLATE_FLAGS_MAX]; /* those that are set */
    size_t flag_count;
    struct template_list lists[TEMPLATE_LISTS_MAX];
    size_t list_count;
    bool too_many; /* of something: template_render() says so */
};

void template_value(struct template_facts *facts, const char *name, const char *value);
void template_number(struct template_facts *facts, const char *name, int64_t number);

/* A flag that is not set need not be named. */
void template_flag(struct template_facts *facts, const char *name, bool set);
void template_list(struct template_facts *facts, const char *name,
                   const struct template_pair *pairs, size_t count);

/*
 * Appends what the template makes of the facts.  RESULT_INVALID, with the line, for a template
 * that asks for what there is not or whose parts do not end; RESULT_TOO_BIG for more facts
 * than there is room for.
 */
enum result template_render(const char *text, const struct template_facts *facts,
                            struct buf *out, struct reason *why);

#endif
