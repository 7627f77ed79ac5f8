/*
 * asked.h: how often a forest asks for each feature, which its trees tell where its
 * source told no importances.
 */
#ifndef FOREST_ASKED_H
#define FOREST_ASKED_H

#include <stdbool.h>

#include "forest/image.h"

/*
 * Fills values with a number for each feature, of sum 1 (or 0 without a split).  True: the
 * share of all questions that the training rows were asked, a row being asked at each
 * split that it came to.  False: how many rows came is not told, and it is the share of the
 * splits.
 */
bool asked_features(const struct image *image, double *values);

#endif
