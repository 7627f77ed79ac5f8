/*
 * pool.c: threads that are started for one piece of work and end with it.
 */
#include "forest/pool.h"

#include <pthread.h>

struct job {
    void (*work)(void *arg);
    void *arg;
};

static void *run(void *job)
{
    ((struct job *)job)->work(((struct job *)job)->arg);
    return NULL;
}

void pool_run(unsigned threads, void (*work)(void *arg), void *arg)
{
    pthread_t others[POOL_MAX_THREADS];
    struct job job = {work, arg};
    unsigned started = 0;

    while (started + 1 < threads && started < POOL_MAX_THREADS &&
           pthread_create(&others[started], NULL, run, &job) == 0)
        started++;
    work(arg);
    while (started > 0)
        pthread_join(others[--started], NULL);
}
