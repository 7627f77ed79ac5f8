/*
 * certificate.h: a certificate for localhost that nobody else has signed, so that a front
 * speaks TLS before there is a name.
 */
#ifndef GATE_CERTIFICATE_H
#define GATE_CERTIFICATE_H

#include "base/result.h"

/*
 * Makes a private key (EC, P-256) and its certificate for localhost, 127.0.0.1 and ::1, valid
 * for 820 days from now, both in PEM; readable by the owner alone.  What is there stays if the
 * two belong together and are valid now and in 30 days.  RESULT_FAILED: the library could not;
 * else what came of writing them.
 */
enum result certificate_make(const char *certificate, const char *key, struct reason *why);

#endif
