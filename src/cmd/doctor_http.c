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

const char *http_header(const struct http_answer *answer, const char *name, char out[256])
{
    const char *line = answer->header.data != NULL ? answer->header.data : "";
    size_t len = strlen(name), end;

    out[0] = '\0';
    for (; *line != '\0'; line += end + (line[end] != '\0')) {
        end = strcspn(line, "\n");
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        line += len + 1;
        line += strspn(line, " \t");
        text_print(out, 256, "%.*s", (int)strcspn(line, "\r\n"), line);
        break;
    }
    return out;
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
