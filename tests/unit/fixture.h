/*
 * fixture.h: a home of its own for a test, and an image to publish in it.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "gate/home.h"

/* Makes a home in a temporary directory, enters and opens it. */
void fixture_open(struct home *home);

/* Closes it and removes the directory. */
void fixture_close(struct home *home);

/* Trains a forest of few trees on rows made up here and writes it to path. */
void fixture_image(const char *path, unsigned seed);

/* Publishes such an image; returns its version. */
long fixture_publish(struct home *home, const char *name, unsigned seed);

#endif
