/*
 * fuzz_feedback.c: any bytes as the body that tells the truth.
 *
 * It is refused with a detail, and with the fields that are wrong if it is JSON; or it is as
 * many truths as there are rows, each a class of the model or missing.
 */
#include "home_fuzz.h"

#include <math.h>

#include "base/utf8.h"
#include "http/feedback.h"

enum {
    CLASSES = 2
};

static struct image *image;
static struct reply reply;

static void check_refusal(void)
{
    CHECK(reply.status == REPLY_MALFORMED || reply.status == REPLY_UNPROCESSABLE ||
          reply.status == REPLY_TOO_LARGE);
    CHECK(reply.detail[0] != '\0' && utf8_valid(reply.detail, strlen(reply.detail)));
    CHECK((reply.status == REPLY_UNPROCESSABLE) == (reply.errors.len > 0));
}

/* Values that are all within their list, and texts that are all there. */
static void check_values(const struct feedback *feedback)
{
    for (size_t i = 0; i < feedback->count; i++) {
        const struct feedback_value *value = &feedback->values[i];

        CHECK(value->kind < FEEDBACK_KIND__MAX);
        CHECK(value->next > i && value->next <= feedback->count);
        if (value->kind == FEEDBACK_TEXT)
            CHECK((size_t)value->text + value->len <= feedback->texts.len);
        if (value->kind == FEEDBACK_LIST)
            CHECK(value->count <= value->next - i - 1);
    }
}

static void check_rows(const struct feedback *feedback, int64_t rows)
{
    struct feedback_rows out = {0};

    reply_start(&reply);
    if (!feedback_take(feedback, image, rows, &out, &reply)) {
        check_refusal();
    } else {
        CHECK(out.first >= 0 && out.count >= 1 && out.first + out.count <= rows);
        for (int64_t i = 0; i < out.count; i++)
            CHECK(isnan(out.truth[i]) || (out.truth[i] == floor(out.truth[i]) &&
                                          out.truth[i] >= 0 && out.truth[i] < CLASSES));
    }
    free(out.truth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feedback feedback = {0};

    if (image == NULL)
        image = home_fuzz_map();
    reply_start(&reply);
    if (feedback_read(&feedback, (const char *)data, size, &reply)) {
        check_values(&feedback);
        for (int64_t rows = 1; rows <= 4; rows++)
            check_rows(&feedback, rows);
    } else {
        check_refusal();
    }
    feedback_free(&feedback);
    return 0;
}
