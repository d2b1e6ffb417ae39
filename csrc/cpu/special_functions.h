// Special functions of a double that have no short expression over vectors: one element at a time,
// for the kernels that the table marks as rare.
#pragma once
#include <cmath>

namespace kajo::cpu::scalar {

// ---- what formulas around them need
inline double exp(double x) { return std::exp(x); }
inline double exp2(double x) { return std::exp2(x); }
inline double log(double x) { return std::log(x); }
inline double lgamma(double x) { return std::lgamma(x); }
inline double sign(double x) { return (x > 0) - (x < 0); }

// ---- parts of a number: x = mantissa * 2**exponent, 0.5 <= |mantissa| < 1
double frexp_mantissa(double x);
double frexp_exponent(double x);

// ---- Bessel functions, modified ones, and scaled ones: i0e(x) = exp(-|x|) i0(x), k0e(x) = exp(x)
// k0(x)
double bessel_j0(double x);
double bessel_j1(double x);
double bessel_y0(double x);
double bessel_y1(double x);
double i0(double x);
double i1(double x);
double i0e(double x);
double i1e(double x);
double k0(double x);
double k1(double x);
double k0e(double x);
double k1e(double x);
double spherical_bessel_j0(double x);
double airy_ai(double x);

// ---- gamma functions
double zeta(double s, double q);       // Hurwitz's; the sum of (q + k)**-s
double polygamma(double x, double n);  // the n-th derivative of digamma, n >= 1
double igamma(double a, double x);     // P(a, x), the lower incomplete function over gamma(a)
double igammac(double a, double x);    // Q(a, x) = 1 - P(a, x)

// ---- the normal distribution
double ndtri(double p);  // its quantile

// ---- orthogonal polynomials; the degree is cut to an integer, negative ones give 0
double chebyshev_t(double x, double n);
double chebyshev_u(double x, double n);
double chebyshev_v(double x, double n);
double chebyshev_w(double x, double n);
double hermite_h(double x, double n);
double hermite_he(double x, double n);
double laguerre_l(double x, double n);
double legendre_p(double x, double n);

}  // namespace kajo::cpu::scalar
