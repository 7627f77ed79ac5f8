/*
 * accept.c: what a client would have as an answer.
 */
#include "http/accept.h"

#include <string.h>
#include <strings.h>

#include "base/num.h"

/*
 * A weight is 0 to 1 (section 12.4.2).  What is above counts as 1, and a range whose weight is
 * none is not wanted.
 */
static double weight_value(const char *text)
{
    size_t len = strcspn(text, ";, \t");
    double weight;

    if (!num_parse_double_loose(text, len, &weight) || !(weight > 0))
        return 0;
    return weight < 1 ? weight : 1;
}

/* The weight of one range of Accept, from its parameters; 1 if they do not say. */
static double weight_read(const char *parameters, const char *end)
{
    const char *at = parameters;

    while (at < end) {
        at += strspn(at, "; \t");
        if (at + 1 < end && (*at == 'q' || *at == 'Q') && at[1] == '=')
            return weight_value(at + 2);
        at += strcspn(at, ";,");
        if (*at == ',')
            break;
    }
    return 1;
}

/* The weight of a range, so many characters long; -1 if it does not stand there. */
static double range_weight(const char *accept, const char *range, size_t len)
{
    double weight = -1;

    while (*accept != '\0') {
        const char *end;

        accept += strspn(accept, ", \t");
        end = accept + strcspn(accept, ",");
        if (strncasecmp(accept, range, len) == 0 && strcspn(accept + len, ",; \t") == 0)
            weight = weight_read(accept + len, end);
        accept = end;
    }
    return weight;
}

double accept_named(const char *accept, const char *type)
{
    double weight = accept != NULL ? range_weight(accept, type, strlen(type)) : 0;

    return weight > 0 ? weight : 0;
}

double accept_weight(const char *accept, const char *type)
{
    size_t main = strcspn(type, "/") + 1;
    char group[32] = "";
    double weight;

    if (accept == NULL || accept[strspn(accept, ", \t")] == '\0')
        return 1;
    if (main < sizeof(group) - 1) {
        memcpy(group, type, main);
        group[main] = '*';
    }
    weight = range_weight(accept, type, strlen(type));
    if (weight < 0)
        weight = range_weight(accept, group, strlen(group));
    if (weight < 0)
        weight = range_weight(accept, "*/*", 3);
    return weight > 0 ? weight : 0;
}
