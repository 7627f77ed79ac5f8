/*
 * front.h: what a front's configuration is made of.
 */
#ifndef CMD_FRONT_H
#define CMD_FRONT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/result.h"

/* One way to run one server: which template, with which of its flags. */
struct front_kind {
    const char *server; /* "lighttpd" */
    const char *mode;   /* "spawn"; the first of a server is what is taken if nobody says */
    const char *text;
    const char *suffix; /* of the files of its own refusals; NULL: it has them in itself */
    int64_t host_limit; /* bytes of a body that a shared host lets through by itself; 0: any */
    bool needs_worker;  /* it starts the workers itself; else they listen at a socket */
    bool directory;     /* of a shared host, in which it is a .htaccess and a program */
    bool printed; /* no server but rules beside one, which have no directory of their own */
};

/* The kinds, one after another; NULL past the last. */
const struct front_kind *front_kind_at(size_t i);

/* NULL if there is none.  mode is NULL for the server's first. */
const struct front_kind *front_kind_find(const char *server, const char *mode);

/* Where everything is. */
struct front_places {
    char home[PATH_MAX], worker[PATH_MAX], socket[PATH_MAX];
    char dir[PATH_MAX]; /* for files of its own that others may read; root's, if root starts it
                         */
    char run[PATH_MAX]; /* what the front's user writes: sockets, bodies on their way */
    char log[PATH_MAX]; /* the front's error log */
    char pid[PATH_MAX]; /* nginx's number, where Debian's unit of it looks */
    char errors[PATH_MAX]; /* the files of its own refusals */
    char empty[PATH_MAX];  /* a directory with nothing in it, for what wants a document root */
    char user[64], group[64];
    int64_t host_limit; /* bytes of a body that a shared host lets through; 0: any */
};

struct template_pair;

/* The headers that are the same on all answers of all fronts; NULL past the last. */
const struct template_pair *front_header_at(size_t i);

/* Appends the configuration. */
enum result front_print(const struct front_kind *kind, const struct config *config,
                        const struct front_places *places, struct buf *out, struct reason *why);

/* Makes the directory of a kind's refusals, each file as the server wants it. */
enum result front_errors_write(const char *directory, const char *suffix, struct reason *why);

#endif
