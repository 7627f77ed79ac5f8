/*
 * result.h: how every function of the house says how it went.
 *
 * One enum, one table to text.  What a result means over HTTP is known in
 * http/reply.c and nowhere else.
 */
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

enum result {
    RESULT_OK = 0,
    RESULT_FAILED,    /* a fault of ours or of a library, told in the reason */
    RESULT_NOMEM,     /* memory could not be had */
    RESULT_IO,        /* reading or writing failed */
    RESULT_FULL,      /* no space left on the device, or over a size limit of it */
    RESULT_BUSY,      /* locked by another; later it may work */
    RESULT_READONLY,  /* may be read, not written */
    RESULT_DENIED,    /* the system's permissions do not allow it */
    RESULT_MISSING,   /* there is no such thing */
    RESULT_EXISTS,    /* there is one already */
    RESULT_MALFORMED, /* the bytes are not of the format */
    RESULT_INVALID,   /* well formed, but not a value that is allowed */
    RESULT_TOO_BIG,   /* over a bound */
    RESULT__MAX
};

/* A result in words, for logs and messages: never NULL. */
const char *result_text(enum result result);

/* The result that an errno stands for: ENOSPC is RESULT_FULL, and so on. */
enum result result_from_errno(int error);

/*
 * What went wrong, in one line for a person: what, where, and what is allowed.
 * Filled in only when the result is not RESULT_OK.  Never holds a secret.
 */
struct reason {
    char text[512];
};

/*
 * Writes the reason and returns the result that it is for, so that a failure is
 * one line: return reason_set(why, RESULT_INVALID, "%s: ...", path).
 * why may be NULL.
 */
enum result reason_set(struct reason *why, enum result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: "doing what: strerror(errno)". */
enum result reason_errno(struct reason *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
