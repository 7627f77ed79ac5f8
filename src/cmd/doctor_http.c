/*
 * doctor_http.c: what is asked and what came of it, whoever carries it: libcurl
 * (doctor_http_curl.c) or the program curl (doctor_http_program.c).
 */
#include "cmd/doctor_http.h"

#include <signal.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/json.h"
#include "base/text.h"

static volatile sig_atomic_t stopped;

void http_stop(void)
{
    stopped = 1;
}

bool http_stopped(void)
{
    return stopped != 0;
}

size_t http_body_bytes(char *to, size_t size, uint64_t at, uint64_t len)
{
    static const char head[] = "{\"features\":[";
    size_t most = size < len - at ? size : (size_t)(len - at);

    memset(to, ' ', most);
    for (size_t i = 0; i < most && at + i < sizeof(head) - 1; i++)
        to[i] = head[at + i];
    if (most > 0 && at + most == len)
        to[most - 1] = 'x';
    return most;
}

void http_answer_free(struct http_answer *answer)
{
    buf_free(&answer->header);
    buf_free(&answer->body);
}

/* The value on the next line of this name, from this line on; NULL if there is none. */
static const char *value_find(const char *line, const char *name)
{
    size_t len = strlen(name);

    for (; *line != '\0'; line += strcspn(line, "\n"), line += *line != '\0')
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1;
    return NULL;
}

const char *http_header(const struct http_answer *answer, const char *name, char out[256])
{
    const char *value = answer->header.data != NULL ? answer->header.data : "";

    out[0] = '\0';
    value = value_find(value, name);
    if (value != NULL) {
        value += strspn(value, " \t");
        text_print(out, 256, "%.*s", (int)strcspn(value, "\r\n"), value);
    }
    return out;
}

size_t http_header_count(const struct http_answer *answer, const char *name)
{
    const char *at = answer->header.data != NULL ? answer->header.data : "";
    size_t count = 0;

    while ((at = value_find(at, name)) != NULL) {
        at += strcspn(at, "\n");
        count++;
    }
    return count;
}

int64_t http_date(const struct http_answer *answer)
{
    char date[256];

    struct tm parts = {0};
    const char *end =
        strptime(http_header(answer, "Date", date), "%a, %d %b %Y %T GMT", &parts);

    return end != NULL && *end == '\0' ? (int64_t)timegm(&parts) : -1;
}

bool http_member(const struct http_answer *answer, const char *name, char out[256])
{
    struct json_reader reader = {0};
    enum json_token token;
    unsigned depth = 0;
    bool found = false, here = false;
    const char *text;
    size_t len;

    out[0] = '\0';
    json_reader_start(&reader, answer->body.data != NULL ? answer->body.data : "",
                      answer->body.len);
    while ((token = json_next(&reader)) != JSON_END && token != JSON_BAD) {
        if (here && (token == JSON_STRING || token == JSON_NUMBER)) {
            text = json_text(&reader, &len);
            text_print(out, 256, "%.*s", (int)(len < 255 ? len : 255), text);
            found = true;
        }
        here = token == JSON_KEY && depth == 1 && json_text_is(&reader, name);
        if (token == JSON_OBJECT || token == JSON_ARRAY)
            depth++;
        else if (token == JSON_OBJECT_END || token == JSON_ARRAY_END)
            depth--;
    }
    json_reader_free(&reader);
    if (token == JSON_BAD)
        out[0] = '\0';
    return found && token == JSON_END;
}
