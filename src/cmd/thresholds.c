/*
 * thresholds.c: the option --thresholds of what makes images.
 */
#include "cmd/thresholds.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "forest/output.h"

static enum result refuse(uint32_t classes, struct reason *why)
{
    return reason_set(why, RESULT_INVALID,
                      "--thresholds: not allowed; allowed: %s%u numbers from 0 to 1, joined by "
                      "commas, of which one may be 0",
                      classes == 2 ? "one number from 0 to 1, or " : "", (unsigned)classes);
}

/* As many numbers as there are, up to one more than fit; 0 if one is not right. */
static uint32_t numbers_read(const char *text, double *out, uint32_t most)
{
    uint32_t count = 0, zeros = 0;

    for (;;) {
        size_t len = strcspn(text, ",");
        double number;

        if (count == most || !num_parse_double_loose(text, len, &number) || number < 0 ||
            number > 1)
            return 0;
        zeros += !(number > 0);
        out[count++] = number;
        if (text[len] == '\0')
            return zeros <= 1 ? count : 0;
        text += len + 1;
    }
}

enum result thresholds_take(const struct option_set *set, struct draft *draft,
                            struct reason *why)
{
    const char *text = option_value(set, "--thresholds");
    const uint32_t classes = draft->targets[0].n_classes;
    const struct output output = {.spec = &draft->spec};
    uint32_t count;

    if (text == NULL)
        return RESULT_OK;
    if (classes < 2 || !output_has_probabilities(&output))
        return reason_set(why, RESULT_INVALID,
                          "--thresholds: the model gives no probabilities of classes");
    free(draft->thresholds);
    draft->thresholds = calloc(classes, sizeof(*draft->thresholds));
    if (draft->thresholds == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    count = numbers_read(text, draft->thresholds, classes);
    if (count == 1 && classes == 2) {
        draft->thresholds[1] = draft->thresholds[0];
        draft->thresholds[0] = 1 - draft->thresholds[1];
        return RESULT_OK;
    }
    return count == classes ? RESULT_OK : refuse(classes, why);
}
