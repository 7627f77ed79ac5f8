/*
 * front_help.h: a front of a test's own, in the place of http/fcgi.c: what it says of a
 * request, its body, and what was sent back.
 */
#ifndef FRONT_HELP_H
#define FRONT_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "http/fcgi.h"
#include "http/reply.h"

static struct {
    const char *params[FCGI_PARAM__MAX];
    bool doubled[FCGI_PARAM__MAX];
    const char *body;
    size_t len, at;
    struct buf sent;
    bool broken; /* its body ended early */
    bool deaf;   /* takes nothing more */
} front;

const char *fcgi_param(const struct fcgi *fcgi, enum fcgi_param param)
{
    (void)fcgi;
    return front.params[param];
}

bool fcgi_param_doubled(const struct fcgi *fcgi, enum fcgi_param param)
{
    (void)fcgi;
    return front.doubled[param];
}

size_t fcgi_read(struct fcgi *fcgi, char *to, size_t len)
{
    (void)fcgi;
    if (len > front.len - front.at)
        len = front.len - front.at;
    memcpy(to, front.body + front.at, len);
    front.at += len;
    return len;
}

bool fcgi_write(struct fcgi *fcgi, const char *bytes, size_t len)
{
    (void)fcgi;
    if (front.deaf)
        return false;
    buf_put(&front.sent, bytes, len);
    return true;
}

bool fcgi_is_broken(const struct fcgi *fcgi)
{
    (void)fcgi;
    return front.broken;
}

void fcgi_set_patience(struct fcgi *fcgi, int64_t seconds)
{
    (void)fcgi;
    (void)seconds;
}

bool fcgi_is_cgi(void)
{
    return false;
}

bool fcgi_stopped(void)
{
    return false;
}

/* A new request, of which nothing is known. */
static inline void front_start(void)
{
    memset(front.params, 0, sizeof(front.params));
    memset(front.doubled, 0, sizeof(front.doubled));
    front.body = "";
    front.len = front.at = 0;
    front.broken = front.deaf = false;
    buf_clear(&front.sent, SIZE_MAX);
}

/* What is sent for a reply. */
static inline const char *front_sent(struct reply *reply)
{
    const struct reply_frame frame = {.request_id = "id", .wall_us = 0};

    buf_clear(&front.sent, SIZE_MAX);
    reply_send(reply, NULL, &frame);
    return front.sent.data;
}

static inline void assert_sent(struct reply *reply, const char *part)
{
    if (strstr(front_sent(reply), part) == NULL)
        fail_msg("there is no %s in %s", part, front.sent.data);
}

#endif
