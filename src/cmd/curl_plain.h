/*
 * curl_plain.h: what holds for every request that a program of ours makes: http and https
 * alone, to nowhere else than was said: no redirect is followed, no proxy asked, whatever the
 * environment says.  For doctor_http_curl.c and post.c, the two files that know libcurl.
 */
#ifndef CMD_CURL_PLAIN_H
#define CMD_CURL_PLAIN_H

#include <curl/curl.h>

void curl_plain_set(CURL *curl);

#endif
