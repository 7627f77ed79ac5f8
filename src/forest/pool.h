/*
 * pool.h: one piece of work done by several threads at once.
 */
#ifndef FOREST_POOL_H
#define FOREST_POOL_H

#include "base/result.h"

enum {
    POOL_MAX_THREADS = 256
};

/*
 * Calls work(arg) in the calling thread and in threads - 1 others (1 to
 * POOL_MAX_THREADS in all), and returns when all have returned.  The work shares itself
 * out; it is done even when fewer threads could be started.
 */
void pool_run(unsigned threads, void (*work)(void *arg), void *arg);

#endif
