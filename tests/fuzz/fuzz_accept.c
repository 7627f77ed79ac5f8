/*
 * fuzz_accept.c: any bytes as the header Accept.
 *
 * A weight is one (RFC 9110, section 12.4.2: 0 to 1); blanks and empty elements around change
 * none, nor does a type that is not asked for; a type that is named is what the weight of its
 * kind cannot change; and nothing behind the end is read.
 */
#include "fuzz.h"

#include "http/accept.h"

/* The types that are asked for, and one that nobody knows. */
static const char *const types[] = {"application/json", "text/html", "text/csv",
                                    "application/x-npy", "x/y"};

static double weight_between(const char *before, const char *text, const char *after,
                             const char *type)
{
    size_t len = strlen(before) + strlen(text) + strlen(after);
    char *whole = malloc(len + 1);
    double weight;

    CHECK(whole != NULL);
    snprintf(whole, len + 1, "%s%s%s", before, text, after);
    weight = accept_weight(whole, type);
    free(whole);
    return weight;
}

static void check_type(const char *text, const char *type)
{
    double weight = accept_weight(text, type), named = accept_named(text, type);

    CHECK(weight >= 0 && weight <= 1);
    CHECK(named >= 0 && named <= 1);
    CHECK(named == 0 || named == weight);
    CHECK(weight_between(" ,\t,", text, "", type) == weight);
    CHECK(weight_between("", text, ", ,", type) == weight);
    if (text[strspn(text, ", \t")] != '\0')
        CHECK(weight_between("no/body;q=0.1,", text, "", type) == weight);
    CHECK(weight_between("x/y;q=0.25 , */*;q=0.5, ", "", "", "x/y") == 0.25);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        check_type(text, types[i]);
    free(text);
    return 0;
}
