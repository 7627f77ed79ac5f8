/*
 * quadrature.h: Gauss and Legendre's rule: integrals of polynomials as sums of a few values.
 */
#ifndef FOREST_QUADRATURE_H
#define FOREST_QUADRATURE_H

/*
 * Fills t and weights with the n >= 1 points in (0, 1), rising, and their weights, all
 * above 0: the sum of weights[i] * f(t[i]) is the integral of f from 0 to 1 for every
 * polynomial f of degree 2n - 1 or less.
 */
void quadrature_make(unsigned n, double *t, double *weights);

#endif
