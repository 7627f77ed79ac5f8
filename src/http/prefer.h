/*
 * prefer.h: what a client would rather have: the header Prefer (RFC 7240).
 *
 * Of its preferences one is known here, respond-async: the answer is to be made later.  Whoever
 * asks for it is answered at once, so that "wait", which says how long that may take, changes
 * nothing.  What is not known, or is no such header at all, is passed over, as the RFC has it.
 */
#ifndef HTTP_PREFER_H
#define HTTP_PREFER_H

#include <stdbool.h>

/*
 * Whether the value of a header, or of several with commas between them, prefers respond-async.
 * Names are of either case.  Of a preference that is there twice the first is taken; one with a
 * value is another, since this has none.  A value that is not well formed prefers nothing.
 */
bool prefer_async(const char *value);

#endif
