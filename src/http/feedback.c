/*
 * feedback.c: a body of POST /feedback.
 *
 * A class is said by its label.  A number is a label where all labels are numbers, since that
 * is what the model's owner calls the classes; else it is the class's index, as `prediction`
 * in an answer.
 */
#include "http/feedback.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

enum {
    FIELD_MAX = 64,
    ALLOWED_MAX = 400
};

/* ---- reading ---- */

static struct feedback_value *value_add(struct feedback *feedback, enum feedback_kind kind)
{
    size_t cap = feedback->cap == 0 ? 16 : feedback->cap * 2;
    struct feedback_value *more = feedback->values, *value;

    if (feedback->count == feedback->cap) {
        more = reallocarray(feedback->values, cap, sizeof(*more));
        if (more == NULL) {
            feedback->no_memory = true;
            return NULL;
        }
        feedback->values = more;
        feedback->cap = cap;
    }
    value = &more[feedback->count++];
    memset(value, 0, sizeof(*value));
    value->kind = (uint8_t)kind;
    value->next = (uint32_t)feedback->count; /* a body has no more bytes than that */
    return value;
}

static void text_add(struct feedback *feedback, const char *text, size_t len)
{
    struct feedback_value *value = value_add(feedback, FEEDBACK_TEXT);

    if (value == NULL)
        return;
    value->text = (uint32_t)feedback->texts.len;
    value->len = (uint32_t)len;
    buf_put(&feedback->texts, text, len);
    feedback->no_memory = buf_failed(&feedback->texts);
}

/* One that is no list; false for an object. */
static bool scalar_add(struct feedback *feedback, const struct json_reader *reader,
                       enum json_token token)
{
    struct feedback_value *value;
    const char *text;
    size_t len;

    switch (token) {
    case JSON_STRING:
        text = json_text(reader, &len);
        text_add(feedback, text, len);
        return true;
    case JSON_TRUE:
        text_add(feedback, "true", 4);
        return true;
    case JSON_FALSE:
        text_add(feedback, "false", 5);
        return true;
    case JSON_NUMBER:
        value = value_add(feedback, FEEDBACK_NUMBER);
        if (value != NULL)
            value->number = json_number(reader);
        return true;
    case JSON_NULL:
        value_add(feedback, FEEDBACK_NULL);
        return true;
    default:
        return false;
    }
}

/*
 * The truth, its first token just read: a value, a list of values, or a list of such lists.
 * What is deeper, or an object, is skipped and has it be no truth.  False after JSON_BAD.
 */
static bool truth_read(struct feedback *feedback, struct json_reader *reader,
                       enum json_token token, unsigned depth, bool *fits)
{
    size_t at = feedback->count;

    if (token != JSON_ARRAY || depth == 2) {
        *fits = scalar_add(feedback, reader, token) && *fits;
        return json_skip_rest(reader, token);
    }
    if (value_add(feedback, FEEDBACK_LIST) == NULL)
        return json_skip_rest(reader, token);
    while ((token = json_next(reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD || !truth_read(feedback, reader, token, depth + 1, fits))
            return false;
        feedback->values[at].count++;
    }
    feedback->values[at].next = (uint32_t)feedback->count;
    return true;
}

/* An id, which is cut if it is longer than any is: then nobody has it. */
static bool id_read(struct json_reader *reader, const char *name, char *out, size_t size,
                    bool *given, struct reply *reply)
{
    enum json_token token = json_next(reader);
    const char *text;
    size_t len;

    *given = true;
    if (token == JSON_BAD)
        return false;
    if (token != JSON_STRING) {
        reply_fault(reply, name, "it is no text", "a text");
        return json_skip_rest(reader, token);
    }
    text = json_text(reader, &len);
    if (len > 0 && len < size && memchr(text, '\0', len) == NULL)
        memcpy(out, text, len);
    return true;
}

static bool row_read(struct feedback *feedback, struct json_reader *reader, struct reply *reply)
{
    enum json_token token = json_next(reader);

    if (token == JSON_NUMBER && json_integer(reader, &feedback->row) && feedback->row >= 0)
        feedback->has_row = true;
    else if (token != JSON_BAD)
        reply_fault(reply, "row", "it is no row", "a whole number, 0 for the first row");
    return token != JSON_BAD && json_skip_rest(reader, token);
}

static bool member_read(struct feedback *feedback, struct json_reader *reader,
                        struct reply *reply)
{
    bool fits = true;

    if (json_text_is(reader, "request_id"))
        return id_read(reader, "request_id", feedback->request_id, sizeof(feedback->request_id),
                       &feedback->has_request_id, reply);
    if (json_text_is(reader, "job_uuid"))
        return id_read(reader, "job_uuid", feedback->job_uuid, sizeof(feedback->job_uuid),
                       &feedback->has_job_uuid, reply);
    if (json_text_is(reader, "row"))
        return row_read(feedback, reader, reply);
    if (!json_text_is(reader, "truth")) {
        reply_fault(reply, "", "a member that is not known",
                    "request_id or job_uuid, truth, row");
        return json_skip(reader);
    }
    feedback->has_truth = true;
    if (!truth_read(feedback, reader, json_next(reader), 0, &fits))
        return false;
    if (!fits)
        reply_fault(reply, "truth", "it is neither a value nor a list of values",
                    "a class's label or index, or a number; or a list of such");
    return true;
}

static void members_check(const struct feedback *feedback, struct reply *reply)
{
    if (feedback->has_request_id == feedback->has_job_uuid)
        reply_fault(reply, "request_id",
                    feedback->has_job_uuid ? "it is given with job_uuid" : "it is missing",
                    "one of the two: request_id, the X-Request-ID of the answer; or job_uuid");
    if (!feedback->has_truth)
        reply_fault(reply, "truth", "it is missing",
                    "a class's label or index, or a number; or a list of such");
}

bool feedback_read(struct feedback *feedback, const char *text, size_t len, struct reply *reply)
{
    struct json_reader reader = {0};
    enum json_token token;

    json_reader_start(&reader, text, len);
    token = json_next(&reader);
    if (token == JSON_OBJECT)
        while (json_next(&reader) == JSON_KEY && member_read(feedback, &reader, reply))
            ;
    else if (token != JSON_BAD && json_skip_rest(&reader, token))
        reply_fault(reply, "", "it is no object", "an object with request_id and truth");
    if (json_next(&reader) == JSON_BAD && json_result(&reader) == RESULT_NOMEM)
        feedback->no_memory = true;
    else if (json_result(&reader) != RESULT_OK)
        reply_refuse(reply, REPLY_MALFORMED, "The body is not JSON that is taken here: %s.",
                     json_problem(&reader));
    else if (reply_is_good(reply->status))
        members_check(feedback, reply);
    json_reader_free(&reader);
    if (feedback->no_memory)
        reply_refuse_memory(reply);
    return reply_is_good(reply->status);
}

void feedback_free(struct feedback *feedback)
{
    free(feedback->values);
    buf_free(&feedback->texts);
}

/* ---- as the model has it ---- */

/* What is being taken. */
struct taking {
    const struct feedback *feedback;
    const struct image *image;
    struct reply *reply;
    bool good;
};

/* The labels of a target, as many as fit. */
static void allowed_print(const struct image *image, uint32_t t, char out[ALLOWED_MAX])
{
    uint32_t n = image_target_n_classes(image, t);
    struct buf text = {0};

    for (uint32_t k = 0; k < n && text.len < ALLOWED_MAX / 2; k++)
        buf_printf(&text, "%s%s", k == 0 ? "one of: " : ", ", image_target_label(image, t, k));
    text_print(out, ALLOWED_MAX, "%s",
               n == 0              ? "a number"
               : buf_failed(&text) ? ""
                                   : text.data);
    buf_free(&text);
}

static void fault(struct taking *taking, int64_t row, uint32_t t, const char *problem)
{
    char field[FIELD_MAX], allowed[ALLOWED_MAX];

    allowed_print(taking->image, t, allowed);
    if (row < 0)
        snprintf(field, sizeof(field), "truth");
    else
        snprintf(field, sizeof(field), "truth[%lld]", (long long)row);
    if (image_n_targets(taking->image) > 1)
        snprintf(field + strlen(field), sizeof(field) - strlen(field), "[%u]", (unsigned)t);
    if (taking->good)
        reply_fault(taking->reply, field, problem, allowed); /* the first is enough */
    taking->good = false;
}

/* Whether a label is a number, and which. */
static bool label_number(const char *label, double *number)
{
    return num_parse_double_loose(label, strlen(label), number);
}

static bool labels_are_numbers(const struct image *image, uint32_t t)
{
    double number;

    for (uint32_t k = 0; k < image_target_n_classes(image, t); k++)
        if (!label_number(image_target_label(image, t, k), &number))
            return false;
    return true;
}

/* The class of a number, or -1. */
static int64_t class_of_number(const struct image *image, uint32_t t, double number)
{
    uint32_t n = image_target_n_classes(image, t);
    double label;

    if (!labels_are_numbers(image, t))
        return number >= 0 && number < n && number == floor(number) ? (int64_t)number : -1;
    for (uint32_t k = 0; k < n; k++)
        if (label_number(image_target_label(image, t, k), &label) && label == number)
            return k;
    return -1;
}

/* The class of a label, or -1. */
static int64_t class_of_text(const struct image *image, uint32_t t, const char *text,
                             size_t len)
{
    for (uint32_t k = 0; k < image_target_n_classes(image, t); k++) {
        const char *label = image_target_label(image, t, k);

        if (strlen(label) == len && memcmp(label, text, len) == 0)
            return k;
    }
    return -1;
}

/* One value as the truth of a target; row is for the fault, -1 where there is one alone. */
static double value_take(struct taking *taking, size_t at, int64_t row, uint32_t t)
{
    const struct feedback_value *value = &taking->feedback->values[at];
    bool classes = image_target_n_classes(taking->image, t) > 0;
    int64_t k = -1;

    if (value->kind == FEEDBACK_NULL)
        return NAN;
    if (!classes && value->kind == FEEDBACK_NUMBER)
        return value->number;
    if (classes && value->kind == FEEDBACK_NUMBER)
        k = class_of_number(taking->image, t, value->number);
    else if (classes && value->kind == FEEDBACK_TEXT)
        k = class_of_text(taking->image, t, taking->feedback->texts.data + value->text,
                          value->len);
    if (k < 0)
        fault(taking, row, t,
              value->kind == FEEDBACK_LIST ? "it is a list"
              : classes                    ? "it is none of the model's classes"
                                           : "it is no number");
    return k < 0 ? NAN : (double)k;
}

/* A list of another length, or none. */
static void count_fault(struct taking *taking, const char *field, int64_t count, const char *of)
{
    char allowed[ALLOWED_MAX];

    snprintf(allowed, sizeof(allowed), "a list of %lld, one for each %s%s", (long long)count,
             of, strcmp(of, "row") == 0 ? "; or row, for one of them" : "");
    reply_fault(taking->reply, field, "it is no list of that length", allowed);
    taking->good = false;
}

/* The truth of one row: a value, or of several targets a list of them. */
static void row_take(struct taking *taking, size_t at, int64_t row, double *out)
{
    uint32_t n = image_n_targets(taking->image);
    const struct feedback_value *value = &taking->feedback->values[at];
    char field[FIELD_MAX] = "truth";

    if (row >= 0)
        snprintf(field, sizeof(field), "truth[%lld]", (long long)row);
    if (n == 1) {
        out[0] = value_take(taking, at, row, 0);
    } else if (value->kind == FEEDBACK_NULL) {
        for (uint32_t t = 0; t < n; t++)
            out[t] = NAN;
    } else if (value->kind != FEEDBACK_LIST || value->count != n) {
        if (taking->good)
            count_fault(taking, field, n, "target");
    } else {
        at++;
        for (uint32_t t = 0; t < n; t++, at = taking->feedback->values[at].next)
            out[t] = value_take(taking, at, row, t);
    }
}

/* Whether the truth is that of one row, and not a list of rows. */
static bool is_one(const struct taking *taking, int64_t rows)
{
    const struct feedback_value *all = taking->feedback->values;

    if (taking->feedback->has_row)
        return true;
    if (rows != 1)
        return false;
    if (all->kind != FEEDBACK_LIST || image_n_targets(taking->image) == 1)
        return all->kind != FEEDBACK_LIST;
    return all->count != 1 || all[1].kind != FEEDBACK_LIST;
}

bool feedback_take(const struct feedback *feedback, const struct image *image, int64_t rows,
                   struct feedback_rows *out, struct reply *reply)
{
    struct taking taking = {feedback, image, reply, true};
    const struct feedback_value *all = feedback->values;
    size_t width = image_n_targets(image), at = 1;
    bool one = is_one(&taking, rows);

    *out = (struct feedback_rows){.first = one ? feedback->row : 0, .count = one ? 1 : rows};
    if (out->first >= rows) {
        char allowed[ALLOWED_MAX];

        snprintf(allowed, sizeof(allowed), "0 to %lld", (long long)rows - 1);
        reply_fault(reply, "row", "the request has no such row", allowed);
        return false;
    }
    if (!one && (all->kind != FEEDBACK_LIST || all->count != (size_t)rows)) {
        count_fault(&taking, "truth", rows, "row");
        return false;
    }
    out->truth = calloc((size_t)out->count, width * sizeof(double));
    if (out->truth == NULL) {
        reply_refuse_memory(reply);
        return false;
    }
    if (one)
        row_take(&taking, 0, -1, out->truth);
    for (int64_t i = 0; !one && i < rows && taking.good; i++, at = all[at].next)
        row_take(&taking, at, i, out->truth + (size_t)i * width);
    return taking.good;
}
