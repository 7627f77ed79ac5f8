/*
 * log_line.c: one request as one line of the access log, in each of its formats.
 */
#include "base/log_line.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json_write.h"

enum {
    PATH_SHOWN_MAX = 512,
    SECOND_US = 1000000,
    MESSAGE_MAX = PATH_SHOWN_MAX + 128
};

/* https://www.elastic.co/guide/en/ecs/8.11/ */
static const char ecs_version[] = "8.11.0";

/* What stands in a line as it is: printable ASCII but for the space, " and \. */
static const bool is_shown[256] = {['!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

/* Also a blank, where that ends no field. */
static void text_put(struct buf *line, const char *text, bool blanks)
{
    static const char hex[] = "0123456789abcdef";
    char *room, *at;
    size_t shown = 0;

    if (text == NULL || *text == '\0')
        text = "-";
    room = at = buf_reserve(line, PATH_SHOWN_MAX * 4 + 4);
    if (room == NULL)
        return;
    for (; *text != '\0' && shown < PATH_SHOWN_MAX; text++, shown++) {
        unsigned char c = (unsigned char)*text;

        if (is_shown[c] || (blanks && c == ' ')) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '\\';
        *at++ = 'x';
        *at++ = hex[c >> 4];
        *at++ = hex[c & 15];
    }
    buf_advance(line, (size_t)(at - room));
}

static void field_put(struct buf *line, const char *text)
{
    buf_putc(line, ' ');
    text_put(line, text, false);
}

static void text_line(struct buf *line, const struct log_entry *entry)
{
    char time[CLOCK_RFC3339_MAX];

    buf_put(line, time, clock_rfc3339(time, entry->wall_us));
    buf_puts(line, entry->warning ? " warning" : " info");
    field_put(line, entry->address);
    field_put(line, entry->method);
    field_put(line, entry->path);
    buf_putc(line, ' ');
    buf_put_u64(line, entry->status);
    buf_putc(line, ' ');
    buf_put_seconds(line, entry->duration_ns / 1000);
    field_put(line, entry->request_id);
    field_put(line, entry->key);
    if (entry->trace_id != NULL) {
        buf_puts(line, " trace=");
        text_put(line, entry->trace_id, false);
    }
}

static void json_member(struct json_writer *writer, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0') /* "" would be no address to Elastic */
        return;
    json_write_key(writer, name);
    json_write_string_n(writer, text, strnlen(text, PATH_SHOWN_MAX));
}

static void json_line(struct buf *line, const struct log_entry *entry)
{
    uint64_t us = entry->duration_ns / 1000;
    char time[CLOCK_RFC3339_MAX];
    struct json_writer writer = json_writer_on(line);

    clock_rfc3339(time, entry->wall_us);
    json_write_object(&writer);
    json_member(&writer, "time", time);
    json_member(&writer, "level", entry->warning ? "warning" : "info");
    json_member(&writer, "address", entry->address);
    json_member(&writer, "method", entry->method);
    json_member(&writer, "path", entry->path);
    json_member_u64(&writer, "status", entry->status);
    json_member_double(&writer, "duration", (double)us / 1e6);
    json_member(&writer, "request_id", entry->request_id);
    json_member(&writer, "key", entry->key);
    json_member(&writer, "trace_id", entry->trace_id);
    json_member(&writer, "span_id", entry->span_id);
    json_write_object_end(&writer);
}

/* What every line begins with (https://github.com/elastic/ecs-logging). */
static struct json_writer ecs_begin(struct buf *line, int64_t wall_us, const char *level,
                                    const char *message)
{
    struct json_writer writer = json_writer_on(line);
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339(time, wall_us);
    json_write_object(&writer);
    json_member_string(&writer, "@timestamp", time);
    json_member_string(&writer, "log.level", level);
    json_member_string(&writer, "message", message);
    json_member_string(&writer, "ecs.version", ecs_version);
    json_member_string(&writer, "service.name", "forestgate");
    return writer;
}

static void ecs_line(struct buf *line, const struct log_entry *entry)
{
    const char *path = entry->path != NULL ? entry->path : "-";
    const char *method = entry->method != NULL ? entry->method : "-";
    struct json_writer writer;
    char message[MESSAGE_MAX];

    snprintf(message, sizeof(message), "%.64s %.*s %u", method, PATH_SHOWN_MAX, path,
             entry->status);
    writer = ecs_begin(line, entry->wall_us, entry->warning ? "warn" : "info", message);
    json_member_string(&writer, "event.dataset", "forestgate.access");
    json_member_u64(&writer, "event.duration", entry->duration_ns);
    json_member_string(&writer, "event.outcome", entry->status < 400 ? "success" : "failure");
    json_member(&writer, "client.ip", entry->address);
    json_member(&writer, "source.ip", entry->address);
    json_member(&writer, "http.request.method", entry->method);
    json_member(&writer, "url.path", entry->path);
    json_member_u64(&writer, "http.response.status_code", entry->status);
    json_member_u64(&writer, "http.response.body.bytes", entry->bytes);
    json_member(&writer, "http.request.id", entry->request_id);
    json_member(&writer, "labels.key", entry->key);
    json_member(&writer, "trace.id", entry->trace_id);
    json_member(&writer, "span.id", entry->span_id);
    json_write_object_end(&writer);
}

void log_line_message(struct buf *line, int64_t wall_us, const char *program, int pid,
                      const char *text)
{
    struct json_writer writer = ecs_begin(line, wall_us, "warn", text);

    json_member_string(&writer, "process.name", program);
    json_member_i64(&writer, "process.pid", pid);
    json_write_object_end(&writer);
}

/* [31/Jan/2026:12:00:00 +0000]: the names of months are English, whatever the locale. */
static void combined_time(struct buf *line, int64_t wall_us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(wall_us / SECOND_US);
    struct tm tm = {.tm_mday = 1};

    gmtime_r(&seconds, &tm);
    buf_printf(line, "[%02d/%.3s/%04d:%02d:%02d:%02d +0000]", tm.tm_mday,
               months + (size_t)tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
               tm.tm_sec);
}

/*
 * The request without its query and the referrer left out: both may have in them what is
 * secret (https://httpd.apache.org/docs/2.4/logs.html#combined).
 */
static void combined_line(struct buf *line, const struct log_entry *entry)
{
    text_put(line, entry->address, false);
    buf_puts(line, " -");
    field_put(line, entry->key);
    buf_putc(line, ' ');
    combined_time(line, entry->wall_us);
    buf_puts(line, " \"");
    text_put(line, entry->method, false);
    field_put(line, entry->path);
    field_put(line, entry->protocol);
    buf_puts(line, "\" ");
    buf_put_u64(line, entry->status);
    buf_putc(line, ' ');
    if (entry->bytes > 0)
        buf_put_u64(line, entry->bytes);
    else
        buf_putc(line, '-');
    buf_puts(line, " \"-\" \"");
    text_put(line, entry->agent, true);
    buf_putc(line, '"');
}

void log_line_write(struct buf *line, enum config_log_format format,
                    const struct log_entry *entry)
{
    switch (format) {
    case CONFIG_LOG_TEXT:
        text_line(line, entry);
        break;
    case CONFIG_LOG_JSON:
        json_line(line, entry);
        break;
    case CONFIG_LOG_ECS:
        ecs_line(line, entry);
        break;
    case CONFIG_LOG_COMBINED:
        combined_line(line, entry);
        break;
    }
}
