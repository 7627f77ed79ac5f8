/*
 * fuzz_clock.c: any text as a time, as a duration and as a rate, which clients and operators
 * write.
 *
 * A time that is taken is written and read again as the same, and so is its date; nothing that
 * is refused has changed what was there.
 */
#include "fuzz.h"

#include "base/clock.h"
#include "base/rate.h"

#define DAY_US (86400 * INT64_C(1000000))

static void check_time(const char *text)
{
    char out[CLOCK_RFC3339_MAX], date[CLOCK_DATE_MAX];
    int64_t us = 7, again = 0, day;

    if (!clock_rfc3339_parse(text, &us)) {
        CHECK(us == 7);
        return;
    }
    day = us / DAY_US - (us % DAY_US < 0);
    clock_rfc3339_us(out, us);
    CHECK(strlen(out) == 27);
    CHECK(clock_rfc3339_parse(out, &again) && again == us);
    clock_date(date, day);
    CHECK(strncmp(date, out, 10) == 0);
    CHECK(clock_rfc3339_parse(date, &again) && again == day * DAY_US);
}

static void check_duration(const char *text)
{
    int64_t seconds = 7;

    if (clock_duration_parse(text, &seconds))
        CHECK(seconds >= 0 && seconds <= INT64_C(100) * 366 * 86400 && strlen(text) >= 2);
    else
        CHECK(seconds == 0);
}

static void check_rate(const char *text)
{
    struct rate rate, again;
    char out[RATE_TEXT_MAX];

    if (!rate_parse(text, &rate))
        return;
    CHECK(rate.count >= 1 && rate.count <= RATE_COUNT_MAX);
    CHECK(rate.seconds >= 1 && rate.seconds <= RATE_SECONDS_MAX);
    rate_print(out, &rate);
    CHECK(rate_parse(out, &again));
    CHECK(again.count == rate.count && again.seconds == rate.seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_time(text);
    check_duration(text);
    check_rate(text);
    free(text);
    return 0;
}
