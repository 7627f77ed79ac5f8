/*
 * hook.c: webhooks: that a job has ended is told to a URL, by a POST that is signed.
 */
#include "gate/hook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include "base/addr_special.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/secret.h"
#include "base/text.h"

enum {
    SIGNATURE_TEXT = 45, /* of 32 bytes in base64, with the NUL */
    PORT_HTTP = 80,
    PORT_HTTPS = 443,
    PORT_ANYBODY = 1024, /* below are those of services that are not for HTTP */
    SPREAD = 5,          /* up to a fifth is added to a delay, so that not all come at once */
};

static const int64_t second_ns = 1000000000;

/* Before the second attempt, the third, ... */
static const int64_t delays_s[HOOK_ATTEMPTS - 1] = {5, 30, 120, 600, 3600, 21600, 86400};

/* ---- where to ---- */

const char *hook_address_refused(const struct addr_list *allowed, const struct addr *addr)
{
    const char *what = addr_special(addr);

    return what != NULL && addr_list_has(allowed, addr) ? NULL : what;
}

enum result hook_url_check(const struct config *config, const char *url, struct url *parts,
                           struct reason *why)
{
    const char *wrong = url_parse(url, strlen(url), parts);
    const char *special = NULL;

    if (wrong != NULL)
        return reason_set(why, RESULT_INVALID, "it is %s", wrong);
    if (parts->port != PORT_HTTP && parts->port != PORT_HTTPS && parts->port < PORT_ANYBODY)
        return reason_set(why, RESULT_INVALID, "port %u is not one for webhooks", parts->port);
    if (parts->is_addr)
        special = hook_address_refused(&config->webhook_private, &parts->addr);
    if (special != NULL)
        return reason_set(why, RESULT_INVALID, "its address is not public but %s", special);
    return RESULT_OK;
}

enum result hook_caller_url_check(const struct config *config, const char *url,
                                  struct reason *why)
{
    struct url parts;

    if (config->webhook_callers == 0)
        return reason_set(why, RESULT_DENIED, "callers may name no URL of their own here");
    return hook_url_check(config, url, &parts, why);
}

const char *hook_url(const struct config *config, const struct hook_row *row)
{
    if (row->url[0] != '\0')
        return config->webhook_callers != 0 ? row->url : NULL;
    return config->webhook_url[0] != '\0' ? config->webhook_url : NULL;
}

enum result hook_start(struct home *home, struct reason *why)
{
    struct db *db;
    enum result result = home_work(home, &db, why);

    if (result == RESULT_OK)
        result = hook_operator_set(db, home->config.webhook_url[0] != '\0', why);
    return result;
}

/* ---- secrets ---- */

/* An account's secret, out of a file that is the root of all. */
static enum result secret_derive(const char *file, const char *account,
                                 uint8_t out[SECRET_MAC_BYTES], struct reason *why)
{
    struct secret_mac *mac = NULL;
    uint8_t root[SECRET_BYTES];
    char label[64];
    enum result result = secret_file_read(file, root, why);

    text_print(label, sizeof(label), "webhook %s", account != NULL ? account : "*");
    if (result == RESULT_OK)
        result = secret_mac_new(root, sizeof(root), &mac, why);
    if (result == RESULT_OK && secret_mac_digest(mac, label, strlen(label), out) != RESULT_OK)
        result = reason_set(why, RESULT_FAILED, "the secret of webhooks could not be made");
    secret_mac_free(mac);
    secret_wipe(root, sizeof(root));
    return result;
}

enum result hook_secret_print(const char *account, char out[HOOK_SECRET_TEXT_MAX],
                              struct reason *why)
{
    uint8_t secret[SECRET_MAC_BYTES];
    char text[SIGNATURE_TEXT];
    enum result result = secret_derive(HOME_WEBHOOK_SECRET, account, secret, why);

    out[0] = '\0';
    if (result == RESULT_OK) {
        EVP_EncodeBlock((unsigned char *)text, secret, sizeof(secret));
        text_print(out, HOOK_SECRET_TEXT_MAX, "whsec_%s", text);
    }
    secret_wipe(secret, sizeof(secret));
    secret_wipe(text, sizeof(text));
    return result;
}

/* The one before is kept, and its time of making is when it began to be the one before. */
enum result hook_secret_rotate(struct reason *why)
{
    uint8_t secret[SECRET_BYTES];
    enum result result = secret_file_read(HOME_WEBHOOK_SECRET, secret, why);

    if (result == RESULT_OK)
        result =
            file_write_atomic(HOME_WEBHOOK_BEFORE, (char *)secret, sizeof(secret), 0600, why);
    if (result == RESULT_OK)
        result = secret_file_replace(HOME_WEBHOOK_SECRET, why);
    secret_wipe(secret, sizeof(secret));
    return result;
}

/* Whether what is sent now is to be signed by the secret before, too. */
static bool before_counts(int64_t now_us)
{
    struct stat st;

    return stat(HOME_WEBHOOK_BEFORE, &st) == 0 &&
           now_us / 1000000 - (int64_t)st.st_mtim.tv_sec < HOOK_OVERLAP_S;
}

/* ---- what is sent ---- */

static void time_member(struct json_writer *writer, const char *key, int64_t wall_us)
{
    char text[CLOCK_RFC3339_MAX];

    clock_rfc3339(text, wall_us);
    json_member_string(writer, key, wall_us != 0 ? text : NULL);
}

static void text_member(struct json_writer *writer, const char *key, const char *text)
{
    json_member_string(writer, key, text[0] != '\0' ? text : NULL);
}

static void data_write(struct json_writer *writer, const struct hook_row *row)
{
    json_member_string(writer, "job_uuid", row->uuid);
    json_member_string(writer, "status", job_status_name(row->status));
    json_member_string(writer, "model", row->model);
    json_write_key(writer, "version");
    if (row->version > 0)
        json_write_i64(writer, row->version);
    else
        json_write_null(writer);
    time_member(writer, "created_at", row->created_us);
    time_member(writer, "ended_at", row->ended_us);
    json_member_i64(writer, "rows", row->rows);
    text_member(writer, "result_label", row->label);
    json_write_key(writer, "result_score");
    if (row->has_score)
        json_write_double(writer, row->score);
    else
        json_write_null(writer);
    json_write_key(writer, "code");
    if (row->code > 0)
        json_write_i64(writer, row->code);
    else
        json_write_null(writer);
    text_member(writer, "reason", row->status == JOB_FAILED ? row->reason : "");
    if (row->url[0] == '\0')
        json_member_string(writer, "account", row->account);
}

/* The same bytes at every attempt. */
static void body_write(const struct hook_row *row, struct buf *out)
{
    struct json_writer writer = json_writer_on(out);
    char type[32];

    text_print(type, sizeof(type), "job.%s", job_status_name(row->status));
    json_write_object(&writer);
    json_member_string(&writer, "type", type);
    time_member(&writer, "timestamp", row->ended_us);
    json_write_key(&writer, "data");
    json_write_object(&writer);
    data_write(&writer, row);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
}

/* One signature of what is signed, base64 behind "v1,"; appended to out. */
static enum result sign(const char *file, const char *account, const struct buf *text,
                        struct buf *out, struct reason *why)
{
    uint8_t secret[SECRET_MAC_BYTES], digest[SECRET_MAC_BYTES];
    char base64[SIGNATURE_TEXT];
    struct secret_mac *mac = NULL;
    enum result result = secret_derive(file, account, secret, why);

    if (result == RESULT_OK)
        result = secret_mac_new(secret, sizeof(secret), &mac, why);
    if (result == RESULT_OK &&
        secret_mac_digest(mac, text->data, text->len, digest) != RESULT_OK)
        result = reason_set(why, RESULT_FAILED, "a webhook could not be signed");
    if (result == RESULT_OK) {
        EVP_EncodeBlock((unsigned char *)base64, digest, sizeof(digest));
        buf_printf(out, " v1,%s", base64);
    }
    secret_mac_free(mac);
    secret_wipe(secret, sizeof(secret));
    return result;
}

/* webhook-signature, over "id.timestamp.body". */
static enum result signature_make(const struct hook_row *row, const char *id, int64_t now_us,
                                  struct hook_message *message, struct reason *why)
{
    const char *account = row->url[0] != '\0' ? row->account : NULL;
    struct buf text = {0}, signatures = {0};
    enum result result;

    buf_printf(&text, "%s.%" PRId64 ".", id, now_us / 1000000);
    buf_put(&text, message->body.data, message->body.len);
    if (buf_failed(&text) || buf_failed(&message->body))
        result = reason_set(why, RESULT_NOMEM, "no memory for a webhook");
    else
        result = sign(HOME_WEBHOOK_SECRET, account, &text, &signatures, why);
    if (result == RESULT_OK && before_counts(now_us))
        result = sign(HOME_WEBHOOK_BEFORE, account, &text, &signatures, why);
    if (result == RESULT_OK && buf_failed(&signatures))
        result = reason_set(why, RESULT_NOMEM, "no memory for a webhook");
    if (result == RESULT_OK)
        text_print(message->signature, sizeof(message->signature), "webhook-signature:%s",
                   signatures.data);
    buf_free(&signatures);
    buf_free(&text);
    return result;
}

/* The trace of the request that the job came with: who is told goes on with it. */
static void trace_make(const char *trace, struct hook_message *message)
{
    size_t len = strcspn(trace, " ");

    if (len == 0)
        return;
    text_print(message->trace, sizeof(message->trace), "traceparent: %.*s", (int)len, trace);
    if (trace[len] == ' ')
        text_print(message->state, sizeof(message->state), "tracestate: %s", trace + len + 1);
}

/* The id is one of the message: the same at every attempt, another for another receiver. */
enum result hook_message_make(const struct hook_row *row, int64_t now_us,
                              struct hook_message *message, struct reason *why)
{
    char id[sizeof(row->uuid) + 8];

    memset(message, 0, sizeof(*message));
    text_print(id, sizeof(id), "%s_%s", row->url[0] != '\0' ? "job" : "all", row->uuid);
    text_print(message->id, sizeof(message->id), "webhook-id: %s", id);
    text_print(message->timestamp, sizeof(message->timestamp), "webhook-timestamp: %" PRId64,
               now_us / 1000000);
    trace_make(row->trace, message);
    body_write(row, &message->body);
    return signature_make(row, id, now_us, message, why);
}

void hook_message_free(struct hook_message *message)
{
    buf_free(&message->body);
}

/* ---- what becomes of it ---- */

static int64_t delay_ns(int64_t attempts)
{
    int64_t last = HOOK_ATTEMPTS - 2, at = attempts < 1 ? 0 : attempts - 1;
    int64_t delay = delays_s[at < last ? at : last] * second_ns;
    uint32_t random;

    secret_random_pooled(&random, sizeof(random));
    return delay + delay / SPREAD * (random % 1024) / 1024;
}

int64_t hook_delay_max_ns(void)
{
    return delays_s[HOOK_ATTEMPTS - 2] * second_ns / SPREAD * (SPREAD + 1);
}

void hook_judge(struct hook_row *row, int64_t now_ns, int64_t now_us)
{
    row->told_us = 0;
    if (row->answer >= 200 && row->answer <= 299 && row->problem[0] == '\0') {
        row->state = HOOK_TOLD;
        row->told_us = now_us;
    } else if (row->answer == HOOK_ANSWER_GONE || row->attempts >= HOOK_ATTEMPTS) {
        row->state = HOOK_GIVEN_UP;
    } else {
        row->state = HOOK_WAITING;
        row->due_ns = now_ns + delay_ns(row->attempts);
    }
}
