/*
 * histogram.c: the bounds by which durations are counted.
 */
#include "base/histogram.h"

const struct histogram_bound histogram_bounds[HISTOGRAM_BOUNDS] = {
    {50, "0.00005"},  {100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},
    {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},
    {75000, "0.075"}, {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},  {750000, "0.75"},
    {1000000, "1"},   {2500000, "2.5"}, {5000000, "5"},   {7500000, "7.5"}, {10000000, "10"},
};

size_t histogram_bucket(uint64_t ns)
{
    size_t i = 0;

    while (i < HISTOGRAM_BOUNDS && ns > (uint64_t)histogram_bounds[i].us * 1000)
        i++;
    return i;
}
