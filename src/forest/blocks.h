/*
 * blocks.h: blocks of work through several threads, given back in their order.
 *
 * The calling thread fills blocks and empties them; others work on them in between.  So
 * reading and writing are never shared, what is written does not depend on the threads,
 * and memory is bounded by the number of blocks, whatever their sum.
 */
#ifndef FOREST_BLOCKS_H
#define FOREST_BLOCKS_H

#include <stddef.h>

#include "base/result.h"

struct blocks_plan {
    void *arg;
    unsigned threads; /* 1: all is done in the calling thread */
    void **blocks;    /* what the functions below are given; 1, or 2 for each thread */
    size_t n_blocks;

    /*
     * Fills a block.  RESULT_MISSING when there is nothing more: the block is not used;
     * any other failure ends the work behind the blocks that were filled before.
     */
    enum result (*fill)(void *arg, void *block, struct reason *why);

    /* Works on a block, in any thread; failures are the block's own to remember. */
    void (*work)(void *arg, void *block);

    /* Empties a block.  A failure ends the work. */
    enum result (*empty)(void *arg, void *block, struct reason *why);
};

/*
 * RESULT_OK when fill() said that there is nothing more and all blocks are emptied; else
 * the first failure, fill()'s only after what was filled before has been emptied.  Goes on
 * with fewer threads if not all can be started.
 */
enum result blocks_run(const struct blocks_plan *plan, struct reason *why);

#endif
