/*
 * thresholds.h: the option --thresholds of what makes images: from which probability on a
 * class is answered (forest/output.h has the rule).
 */
#ifndef CMD_THRESHOLDS_H
#define CMD_THRESHOLDS_H

#include "base/result.h"
#include "cmd/option.h"
#include "forest/draft.h"

#define THRESHOLDS_OPTION                                                                   \
    {                                                                                       \
        "--thresholds", "NUMBERS",                                                          \
            "of two classes: from which probability on it is the second; of more: one for " \
            "each",                                                                         \
            NULL                                                                            \
    }

/*
 * Gives the draft the thresholds of the option, if it is given: one number for two
 * classes, or one for each class of the first target, joined by commas.  RESULT_INVALID:
 * the model gives no probabilities, or these are not right; RESULT_NOMEM.
 */
enum result thresholds_take(const struct option_set *set, struct draft *draft,
                            struct reason *why);

#endif
