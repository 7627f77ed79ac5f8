/*
 * handle_sealed.c: the caller's confidential record, sealed, and sealed texts, opened.
 *
 * Whatever is wrong with a text that is to be opened has one answer: another's, another
 * home's, one that was changed, and what never was one.
 */
#include "base/json.h"
#include "base/json_write.h"
#include "base/secret.h"
#include "gate/meter.h"
#include "http/handlers.h"
#include "http/me.h"
#include "http/route.h"
#include "http/sealed.h"
#include "http/show.h"

enum {
    USAGE_DAYS = 31
};

static const struct form_field decrypt_fields[] = {
    {"encrypted_data", FORM_TEXT, .required = true, .min = 1,
     .help = "What was sealed for the caller: a JWE in compact serialisation"},
};

const struct form form_decrypt = {"Sealed", decrypt_fields,
                                  sizeof(decrypt_fields) / sizeof(decrypt_fields[0]), false};

/* Who there is no user of has no profile. */
static bool profile_write(struct service *service, const struct request *request,
                          struct json_writer *writer, struct reply *reply)
{
    struct user_row row;

    json_write_key(writer, "profile");
    if (request->caller.user[0] == '\0') {
        json_write_null(writer);
        return true;
    }
    if (!me_user_read(service, request, &row, reply))
        return false;
    show_user(writer, &row);
    return true;
}

/* False with the refusal written. */
static bool record_write(struct service *service, const struct request *request,
                         struct buf *record, struct reply *reply)
{
    struct json_writer writer = json_writer_on(record);
    struct call_filter filter = me_calls(&request->caller);
    enum result result;
    struct reason why;

    filter.since_us = me_time(request, "since", USAGE_DAYS);
    meter_bring_in(service->meter, &why); /* as far as it can be in a moment */
    json_write_object(&writer);
    if (!profile_write(service, request, &writer, reply))
        return false;
    result = me_keys_write(service, request, false, &writer, &why);
    if (result == RESULT_OK)
        result = me_limits_write(service, &request->caller, &writer, &why);
    if (result == RESULT_OK)
        result = me_usage_write(service, &filter, ME_USAGE_BY_MODEL, &writer, &why);
    json_write_object_end(&writer);
    if (result == RESULT_OK && buf_failed(record))
        result = reason_set(&why, RESULT_NOMEM, "out of memory");
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

void handle_secure_data(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct buf record = {0}, sealed = {0};
    struct reason why;

    if (record_write(service, request, &record, reply)) {
        enum result result = sealed_wrap(service, request, &record, &sealed, &why);

        json_write_object(&writer);
        json_write_key(&writer, "encrypted_data");
        json_write_string_n(&writer, sealed.data != NULL ? sealed.data : "", sealed.len);
        json_write_object_end(&writer);
        if (result != RESULT_OK)
            reply_refuse_result(reply, result, &why);
    }
    secret_buf_free(&record);
    buf_free(&sealed);
}

/* Whether bytes are one JSON text: only that can be a member of an answer. */
static bool is_json(const struct buf *data)
{
    struct json_reader reader = {0};
    enum json_token token;

    reader.string_max = data->len;
    json_reader_start(&reader, data->data, data->len);
    do
        token = json_next(&reader);
    while (token != JSON_END && token != JSON_BAD);
    json_reader_free(&reader);
    return token == JSON_END;
}

void handle_decrypt(struct service *service, struct request *request, struct reply *reply)
{
    const struct form_value *text = form_value(request->form, "encrypted_data");
    struct json_writer writer = json_writer_on(&reply->body);
    struct buf opened = {0};
    enum result result;
    struct reason why;

    result = sealed_unwrap(service, request, text->text, text->len, &opened, &why);
    if (result == RESULT_OK && (opened.len == 0 || !is_json(&opened)))
        result = RESULT_DENIED;
    if (result == RESULT_OK) {
        json_write_object(&writer);
        json_write_key(&writer, "decrypted_data");
        json_write_raw(&writer, opened.data, opened.len);
        json_write_object_end(&writer);
    } else if (result == RESULT_DENIED) {
        reply_fault(reply, "encrypted_data", "it was not sealed for you here, or was changed",
                    "what GET /secure-data or a sealed answer gave you");
    } else {
        reply_refuse_result(reply, result, &why);
    }
    secret_buf_free(&opened);
}
