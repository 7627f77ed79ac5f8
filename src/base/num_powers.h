/*
 * num_powers.h: the powers of ten that reading and writing multiply by; for num.c and
 * num_print.c alone.
 */
#ifndef BASE_NUM_POWERS_H
#define BASE_NUM_POWERS_H

#include <stdint.h>

#define NUM_POWER_FIRST (-342)
#define NUM_POWER_LAST  324

/* Of 10^(NUM_POWER_FIRST + i) the first 64 bits, and the 64 behind them. */
extern const uint64_t num_powers[NUM_POWER_LAST - NUM_POWER_FIRST + 1][2];

#endif
