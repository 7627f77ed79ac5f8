/*
 * blocks.c: blocks of work through several threads, given back in their order.
 *
 * Blocks go round: block i is filled, worked on and emptied, then filled anew.  Three
 * counters that only grow say how far each step is; a thread takes the next block that is
 * filled and not taken.
 */
#include "forest/blocks.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "forest/pool.h"

struct ring {
    const struct blocks_plan *plan;
    pthread_mutex_t lock;
    pthread_cond_t filled_more, worked_more;
    size_t filled, taken; /* how many blocks */
    bool *worked;         /* of each block: whether it waits to be emptied */
    bool ended;           /* nothing more will be filled */
};

static void *work_on(void *arg)
{
    struct ring *ring = arg;
    const struct blocks_plan *plan = ring->plan;
    size_t i;

    pthread_mutex_lock(&ring->lock);
    for (;;) {
        while (ring->taken == ring->filled && !ring->ended)
            pthread_cond_wait(&ring->filled_more, &ring->lock);
        if (ring->taken == ring->filled)
            break;
        i = ring->taken++ % plan->n_blocks;
        pthread_mutex_unlock(&ring->lock);
        plan->work(plan->arg, plan->blocks[i]);
        pthread_mutex_lock(&ring->lock);
        ring->worked[i] = true;
        pthread_cond_signal(&ring->worked_more);
    }
    pthread_mutex_unlock(&ring->lock);
    return NULL;
}

/* Waits for the block in that place to be worked on, and empties it. */
static enum result empty_one(struct ring *ring, size_t place, struct reason *why)
{
    const struct blocks_plan *plan = ring->plan;

    pthread_mutex_lock(&ring->lock);
    while (!ring->worked[place])
        pthread_cond_wait(&ring->worked_more, &ring->lock);
    ring->worked[place] = false;
    pthread_mutex_unlock(&ring->lock);
    return plan->empty(plan->arg, plan->blocks[place], why);
}

static void tell_filled(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    ring->filled++;
    pthread_cond_signal(&ring->filled_more);
    pthread_mutex_unlock(&ring->lock);
}

static void tell_end(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    ring->ended = true;
    pthread_cond_broadcast(&ring->filled_more);
    pthread_mutex_unlock(&ring->lock);
}

/* What the calling thread does while others work; n is how many blocks there are. */
static enum result go_round(struct ring *ring, size_t n, struct reason *why)
{
    const struct blocks_plan *plan = ring->plan;
    enum result filling = RESULT_OK, result = RESULT_OK;
    size_t filled = 0, emptied = 0;

    while (result == RESULT_OK && (filling == RESULT_OK || emptied < filled)) {
        if (filling == RESULT_OK && filled - emptied < n) {
            filling = plan->fill(plan->arg, plan->blocks[filled % n], why);
            if (filling == RESULT_OK) {
                filled++;
                tell_filled(ring);
            }
            continue;
        }
        result = empty_one(ring, emptied++ % n, why);
    }
    if (result == RESULT_OK && filling != RESULT_MISSING)
        result = filling;
    return result;
}

static enum result run_alone(const struct blocks_plan *plan, struct reason *why)
{
    enum result result;

    while ((result = plan->fill(plan->arg, plan->blocks[0], why)) == RESULT_OK) {
        plan->work(plan->arg, plan->blocks[0]);
        if ((result = plan->empty(plan->arg, plan->blocks[0], why)) != RESULT_OK)
            return result;
    }
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result blocks_run(const struct blocks_plan *plan, struct reason *why)
{
    struct ring ring = {.plan = plan,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .filled_more = PTHREAD_COND_INITIALIZER,
                        .worked_more = PTHREAD_COND_INITIALIZER};
    pthread_t threads[POOL_MAX_THREADS];
    const size_t n = plan->n_blocks;
    unsigned started = 0;
    enum result result;

    if (n == 0)
        return reason_set(why, RESULT_FAILED, "there is no block to work on");
    if (plan->threads > 1)
        ring.worked = calloc(n, sizeof(*ring.worked));
    while (ring.worked != NULL && started < plan->threads && started < POOL_MAX_THREADS &&
           pthread_create(&threads[started], NULL, work_on, &ring) == 0)
        started++;
    result = started == 0 ? run_alone(plan, why) : go_round(&ring, n, why);
    tell_end(&ring);
    while (started > 0)
        pthread_join(threads[--started], NULL);
    free(ring.worked);
    return result;
}
