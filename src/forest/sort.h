/*
 * sort.h: sorting of the keys that training compares: a rank in the high 32 bits,
 * whatever goes along with it in the low 32.
 */
#ifndef FOREST_SORT_H
#define FOREST_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Numbers of counts that sort_keys() wants for n keys. */
#define SORT_COUNTS(n) ((n) + 256)

/*
 * Sorts n keys by their high halves, all of which are from low to high; keys of one
 * rank stay in their order.  spare has room for n, counts for SORT_COUNTS(n).  The
 * sorted keys are in keys or in spare: returns which.  Linear in n.
 */
uint64_t *sort_keys(uint64_t *keys, uint64_t *spare, uint32_t *counts, size_t n, uint32_t low,
                    uint32_t high);

#endif
