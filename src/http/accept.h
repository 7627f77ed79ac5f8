/*
 * accept.h: what a client would have as an answer: the header Accept (RFC 9110, section
 * 12.5.1).
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

/* The weight of a type that is named there itself; 0 if it is not.  accept may be NULL. */
double accept_named(const char *accept, const char *type);

/*
 * The weight of a type: of the range that fits it most closely, itself, "text/" with an
 * asterisk, or all; 0 if none does, and 1 where nothing is said.
 */
double accept_weight(const char *accept, const char *type);

#endif
