/*
 * trace.h: the trace that a request is part of: the headers traceparent and tracestate (W3C
 * Trace Context, levels 1 and 2: https://www.w3.org/TR/trace-context/).
 *
 *     traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *                  version, trace, parent: whose span asks; flags
 *
 * What is not well formed is passed over, and tracestate with it.  No trace is begun here
 * unless a setting says so.  A request of one gets a span of its own, whose id is in the log,
 * in the answer's traceresponse and traceparent, and in what is sent for it later.
 */
#ifndef HTTP_TRACE_H
#define HTTP_TRACE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    TRACE_ID_LEN = 32,
    TRACE_SPAN_LEN = 16,
    TRACE_TEXT_LEN = 55, /* of a traceparent of version 00 */
    TRACE_STATE_MAX = 512,
    TRACE_CARRIED_MAX = TRACE_TEXT_LEN + 1 + TRACE_STATE_MAX
};

struct trace {
    bool given;
    unsigned flags;                  /* sampled (1) and random (2); no others are handed on */
    char id[TRACE_ID_LEN + 1];       /* lower case hexadecimal */
    char parent[TRACE_SPAN_LEN + 1]; /* empty: it was begun here */
    char span[TRACE_SPAN_LEN + 1];   /* ours */
    const char *state;               /* as it came, TRACE_STATE_MAX long at most; or NULL */
};

/*
 * Reads a traceparent: id, parent and flags.  One of a later version is read as the 00 that it
 * begins with.  False, with given false, for NULL and for what is none.
 */
bool trace_parse(const char *text, struct trace *out);

/* Whether a tracestate can be handed on: printable ASCII and tabs, and not too long. */
bool trace_state_is_fit(const char *text);

/*
 * The trace of a request with these headers, which may be NULL, and a new span in it; where it
 * has none and `begins` is set, a new one.
 */
void trace_read(struct trace *trace, const char *parent, const char *state, bool begins);

/* The traceparent of what is asked in our name. */
void trace_print(const struct trace *trace, char out[TRACE_TEXT_LEN + 1]);

/* The same with the tracestate behind a blank, if there is one, to be stored. */
void trace_carry(const struct trace *trace, char out[TRACE_CARRIED_MAX + 1]);

#endif
