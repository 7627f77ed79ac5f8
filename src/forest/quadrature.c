/*
 * quadrature.c: Gauss and Legendre's rule on (0, 1).
 *
 * Its points are where the Legendre polynomial of degree n is zero, which Newton's
 * iteration finds from Tricomi's estimate in a few steps at any n.  All is in long double,
 * so that the doubles that come out are right to their last bit or two.
 */
#include "forest/quadrature.h"

#include <math.h>

enum {
    STEPS = 8 /* each doubles the digits; four are enough from the estimate */
};

/* The Legendre polynomial of degree n at x, and its derivative. */
static long double legendre(unsigned n, long double x, long double *slope)
{
    long double before = 1, value = x, next;
    unsigned k;

    for (k = 2; k <= n; k++) {
        next = ((long double)(2 * k - 1) * x * value - (long double)(k - 1) * before) / k;
        before = value;
        value = next;
    }
    *slope = n * (x * value - before) / (x * x - 1);
    return value;
}

void quadrature_make(unsigned n, double *t, double *weights)
{
    const long double pi = 3.14159265358979323846264338327950288L;
    long double x, value, slope;
    unsigned i, step;

    for (i = 0; i < n; i++) {
        x = n == 1 ? 0 : -cosl(pi * ((long double)i + 0.75L) / ((long double)n + 0.5L));
        for (step = 0; step < STEPS; step++) {
            value = legendre(n, x, &slope);
            x -= value / slope;
        }
        legendre(n, x, &slope);
        t[i] = (double)((1 + x) / 2);
        weights[i] = (double)(1 / ((1 - x * x) * slope * slope));
    }
}
