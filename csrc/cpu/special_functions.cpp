// Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF) and of Abramowitz
// and Stegun (A&S); their numbers stand at each.
#include "cpu/special_functions.h"

#include <math.h>  // the Bessel functions j0, j1, y0, y1 of POSIX

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numbers>

namespace kajo::cpu::scalar {

namespace {

constexpr double kPi = std::numbers::pi, kEuler = std::numbers::egamma;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

template <int n>
double polynomial(const double (&coefficients)[n], double x) {
    double y = 0;
    for (int i = n; i-- > 0;) y = y * x + coefficients[i];
    return y;
}

}  // namespace

double frexp_mantissa(double x) {
    int exponent;
    return std::frexp(x, &exponent);
}

double frexp_exponent(double x) {
    int exponent = 0;
    std::frexp(x, &exponent);
    return std::isfinite(x) ? exponent : 0;
}

// ---- Bessel functions
// ------------------------------------------------------------------------------------

double bessel_j0(double x) { return ::j0(x); }
double bessel_j1(double x) { return ::j1(x); }
double bessel_y0(double x) { return x < 0 ? kNaN : ::y0(x); }
double bessel_y1(double x) { return x < 0 ? kNaN : ::y1(x); }

namespace {

constexpr double kFarFromZero = 20;  // where the asymptotic series are exact to the last digit

// The power series, DLMF 10.25.2, all of whose terms are positive.
double i_series(int order, double x) {
    const double z = 0.25 * x * x;
    double term = order ? 0.5 * x : 1, sum = term;
    for (int k = 1; term > 0.1 * kEpsilon * sum; k++) {
        term *= z / (k * (k + order));
        sum += term;
    }
    return sum;
}

// The asymptotic series, DLMF 10.40.1, without the factor exp(x).
double i_far(int order, double x) {
    double term = 1, sum = 1;
    for (int k = 1; k < 40 && std::abs(term) > 0.1 * kEpsilon; k++) {
        term *= -(4.0 * order - (2.0 * k - 1) * (2 * k - 1)) / (8 * k * x);
        sum += term;
    }
    return sum / (std::sqrt(2 * kPi) * std::sqrt(x));  // the product may overflow
}

double scaled_i(int order, double x) {
    const double a = std::abs(x);
    double y = a < kFarFromZero ? i_series(order, a) * std::exp(-a) : i_far(order, a);
    if (std::isinf(x)) y = 0;
    return order && std::signbit(x) ? -y : y;
}

double plain_i(int order, double x) {
    const double a = std::abs(x);
    double y;
    if (a < kFarFromZero) {
        y = i_series(order, a);
    } else if (std::isinf(x)) {
        y = kInfinity;
    } else {
        const double half = std::exp(0.5 * a);  // the whole may overflow before the product does
        y = half * (half * i_far(order, a));
    }
    return order && std::signbit(x) ? -y : y;
}

// exp(x) K(x) of any order for x >= 1: the integral of exp(-x (cosh t - 1)) cosh(order t), DLMF
// 10.32.9, by the trapezoidal rule, which for such functions errs by less than the last digit.
double scaled_k_integral(double order, double x) {
    const double step = std::min(0.15, 0.6 / std::sqrt(x));
    double sum = 0.5;
    for (int i = 1;; i++) {
        const double t = i * step, s = std::sinh(0.5 * t);
        const double term = std::exp(-2 * x * s * s) * std::cosh(order * t);
        sum += term;
        if (!(term > 0.1 * kEpsilon * sum)) return step * sum;
    }
}

// K for 0 < x < 1, DLMF 10.31.1 and 10.31.2.
double k_series(int order, double x) {
    const double z = 0.25 * x * x;
    double term = order ? 0.5 * x : 1, digammas = order ? 1 - 2 * kEuler : -kEuler, sum = 0;
    for (int k = 1;; k++) {
        sum += term * digammas;
        term *= z / (k * (k + order));
        digammas += 1.0 / k + (order ? 1.0 / (k + 1) : 0);
        if (!(term > 0.01 * kEpsilon)) break;
    }
    const double logarithm = std::log(0.5 * x) * i_series(order, x);
    return order ? 1 / x + logarithm - 0.5 * sum : sum - logarithm;
}

double modified_k(int order, double x, bool scaled) {
    if (std::isnan(x) || x < 0) return kNaN;
    if (x == 0) return kInfinity;
    if (std::isinf(x)) return 0;
    if (x < 1) return k_series(order, x) * (scaled ? std::exp(x) : 1);
    return scaled_k_integral(order, x) * (scaled ? 1 : std::exp(-x));
}

}  // namespace

double i0(double x) { return plain_i(0, x); }
double i1(double x) { return plain_i(1, x); }
double i0e(double x) { return scaled_i(0, x); }
double i1e(double x) { return scaled_i(1, x); }
double k0(double x) { return modified_k(0, x, false); }
double k1(double x) { return modified_k(1, x, false); }
double k0e(double x) { return modified_k(0, x, true); }
double k1e(double x) { return modified_k(1, x, true); }

double spherical_bessel_j0(double x) {
    if (std::isinf(x)) return 0;
    return x == 0 ? 1 : std::sin(x) / x;
}

// ---- Airy's function
// ---------------------------------------------------------------------------------------

namespace {

// Ai and its derivative at -10, -9, ..., 2.
constexpr double kAiry[][2] = {
    {0.040241238486443190689, 0.9962650441327900559},
    {-0.022133721547341403674, -0.97566398092633159471},
    {-0.052705050356386202622, 0.93556093819830655103},
    {0.18428083525050563728, -0.77100816841012654773},
    {-0.32914517362982310523, 0.34593548728134289493},
    {0.35076100902411431979, 0.32719281855444313679},
    {-0.070265532949289515099, -0.7906285753685813803},
    {-0.37881429367765807435, 0.31458376921659881365},
    {0.22740742820168557599, 0.61825902074169104141},
    {0.5355608832923521188, -0.010160567116645209395},
    {0.35502805388781723926, -0.25881940379280679841},
    {0.13529241631288141552, -0.15914744129679321279},
    {0.034924130423274379135, -0.053090384433653631704},
};

// The Taylor series at the nearest integer; its coefficients follow from Ai''(x) = x Ai(x), DLMF
// 9.2.1.
double airy_near(double x) {
    const double centre = std::rint(x), h = x - centre;
    const double* start = kAiry[static_cast<int>(centre) + 10];
    double before = 0, at = start[0], next = start[1];  // of three successive powers of h
    double sum = at + next * h, power = h;
    for (int n = 0; n < 40; n++) {
        const double after = (centre * at + before) / ((n + 1) * (n + 2));
        before = at, at = next, next = after;
        power *= h;
        sum += next * power;
    }
    return sum;
}

// DLMF 9.7.9.
double airy_far_left(double x) {
    const double z = -x, root = std::sqrt(z), zeta = 2.0 / 3.0 * z * root;
    double even = 1, odd = 0, term = 1;
    for (int k = 1; k < 40 && std::abs(term) > 0.1 * kEpsilon; k++) {
        term *= (6.0 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216.0 * k * (2 * k - 1) * zeta);
        const double signed_term = k / 2 % 2 ? -term : term;
        (k % 2 ? odd : even) += signed_term;
    }
    const double s = std::sin(zeta), c = std::cos(zeta);
    return ((c + s) * even + (s - c) * odd) / std::sqrt(2 * kPi * root);
}

}  // namespace

double airy_ai(double x) {
    if (std::isnan(x)) return x;
    if (std::isinf(x) || x > 110) return 0;
    if (x < -10) return airy_far_left(x);
    if (x <= 2) return airy_near(x);
    const double zeta = 2.0 / 3.0 * x * std::sqrt(x);  // DLMF 9.6.2
    return std::sqrt(x / 3) / kPi * scaled_k_integral(1.0 / 3.0, zeta) * std::exp(-zeta);
}

// ---- zeta and polygamma
// ------------------------------------------------------------------------------------

namespace {

// B_2k / (2k)!
constexpr double kBernoulli[] = {1.0 / 12,          -1.0 / 720,
                                 1.0 / 30240,       -1.0 / 1209600,
                                 1.0 / 47900160,    -691.0 / 1307674368000,
                                 1.0 / 74724249600, -3617.0 / 10670622842880000};

// For q > 0: terms of the sum, and the rest by Euler and Maclaurin, DLMF 2.10.1.
double zeta_right(double s, double q) {
    double sum = 0, w = q;
    for (const double far = s + 14; w < far; w += 1) {
        const double term = std::pow(w, -s);
        sum += term;
        if (std::isinf(sum) || term * w <= 0.01 * kEpsilon * sum) return sum;
    }
    const double power = std::pow(w, -s);
    double rising = s, term = power / w, tail = power * w / (s - 1) + 0.5 * power;
    for (int k = 0; k < 8; k++) {
        tail += kBernoulli[k] * rising * term;
        rising *= (s + 2 * k + 1) * (s + 2 * k + 2);
        term /= w * w;
    }
    return sum + tail;
}

}  // namespace

double zeta(double s, double q) {
    if (std::isnan(s) || std::isnan(q)) return kNaN;
    if (s == 1) return kInfinity;
    if (s < 1) return kNaN;
    if (q > 0) return std::isinf(q) ? 0 : zeta_right(s, q);
    if (q == std::floor(q)) return kInfinity;
    if (s != std::floor(s)) return kNaN;
    // The terms left of zero are (j - f)**-s for whole j, up to the sign.
    const double f = q - std::floor(q), count = -std::floor(q);
    const double left = zeta_right(s, 1 - f) - zeta_right(s, count + 1 - f);
    return zeta_right(s, f) + (std::fmod(s, 2) == 0 ? left : -left);
}

double polygamma(double x, double n) {
    if (std::isnan(x)) return x;
    if (n == 1 && x < 0) {  // DLMF 5.15.6
        const double fraction = x - std::rint(x), s = std::sin(kPi * fraction);
        return (kPi / s) * (kPi / s) - zeta(2, 1 - x);
    }
    const double y = std::tgamma(n + 1) * zeta(n + 1, x);  // DLMF 25.11.12
    return std::fmod(n, 2) == 0 ? -y : y;
}

// ---- incomplete gamma functions
// ------------------------------------------------------------------------------

namespace {

// u - log(1 + u) for u = (x - a) / a, which near 0 is u*u/2.
double excess(double a, double x) {
    const double u = (x - a) / a;
    if (u < -0.5 || u > 0.5) return u - std::log(x / a);
    const double v = u / (2 + u), square = v * v;  // log(1 + u) = 2 atanh(v)
    double term = v * square, sum = 0;
    for (int k = 3; std::abs(term) > 0.01 * kEpsilon * std::abs(v * square); k += 2) {
        sum += term / k;
        term *= square;
    }
    return u * v - 2 * sum;
}

// log gamma(a + 1) less Stirling's formula for it, a >= 1: DLMF 5.11.1, from where that is exact.
double stirling_error(double a) {
    double shift = 0;
    for (; a < 16; a += 1) shift += (a + 0.5) * std::log1p(1 / a) - 1;
    const double w = 1 / (a * a);
    constexpr double series[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                 1.0 / 1188, -691.0 / 360360, 1.0 / 156};
    return shift + polynomial(series, w) / a;
}

// x**a exp(-x) / gamma(a + 1), without the cancellation in its logarithm.
double poisson(double a, double x) {
    if (a < 1) return std::exp(a * std::log(x) - x - std::lgamma(1 + a));
    const double distance = a * excess(a, x);
    return std::exp(-stirling_error(a) - distance) / std::sqrt(2 * kPi * a);
}

// log gamma(1 + a) for |a| <= 1/2, DLMF 5.7.3.
double lgamma_one_plus(double a) {
    double sum = -kEuler * a, power = -a;
    for (int k = 2; k < 60; k++) {
        power *= -a;
        sum += zeta(k, 1) * power / k;
        if (std::abs(power) < 0.01 * kEpsilon * std::abs(sum)) break;
    }
    return sum;
}

double lower_series(double a, double x) {  // DLMF 8.11.4
    double term = 1, sum = 1;
    for (double n = a + 1; term > 0.1 * kEpsilon * sum; n += 1) {
        term *= x / n;
        sum += term;
    }
    return poisson(a, x) * sum;
}

// DLMF 8.9.2, evaluated by Lentz's method.
double upper_fraction(double a, double x) {
    constexpr double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int i = 1; i < 100000; i++) {
        const double numerator = i * (a - i);
        b += 2;
        d = numerator * d + b;
        if (std::abs(d) < tiny) d = tiny;
        c = b + numerator / c;
        if (std::abs(c) < tiny) c = tiny;
        d = 1 / d;
        h *= d * c;
        if (std::abs(d * c - 1) < kEpsilon) break;
    }
    return poisson(a, x) * a * h;
}

// Q for small x and a, where P is near 1: DLMF 8.7.1.
double upper_small(double a, double x) {
    const double logarithm = a * std::log(x) - (a < 0.5 ? lgamma_one_plus(a) : std::lgamma(1 + a));
    double term = 1, sum = 0;
    for (int n = 1; std::abs(term) > 0.01 * kEpsilon; n++) {
        term *= -x / n;
        sum -= term / (a + n);
    }
    return a * std::exp(logarithm) * sum - std::expm1(logarithm);
}

// P or Q for large a and x near it: DLMF 8.12.4, with the series of its coefficients in eta.
double near_transition(double a, double x, bool lower) {
    const double eta = std::copysign(std::sqrt(2 * excess(a, x)), x - a);
    constexpr double c0[] = {
        -0.333333333333333333,    0.0833333333333333333,    -0.0148148148148148148,
        0.00115740740740740741,   0.0003527336860670194,    -0.000178755144032921811,
        3.91926317852243778e-5,   -2.18544851067999216e-6,  -1.85406221071515996e-6,
        8.29671134095308601e-7,   -1.76659527368260793e-7,  6.70785354340149858e-9,
        1.0261809784240308e-8,    -4.38203601845335319e-9,  9.14769958223679023e-10,
        -2.55141939949462498e-11, -5.83077213255042507e-11, 2.43619480206674162e-11,
        -5.02766928011417559e-12, 1.10043920319561348e-13,  3.37176326240098538e-13};
    constexpr double c1[] = {
        -0.00185185185185185185,  -0.00347222222222222222, 0.0026455026455026455,
        -0.000990226337448559671, 0.000205761316872427984, -4.01877572016460905e-7,
        -1.80985503344899778e-5,  7.64916091608111008e-6,  -1.6120900894563446e-6,
        4.64712780280743434e-9,   1.37863344691572096e-7,  -5.75254560351770496e-8,
        1.19516285997781473e-8};
    constexpr double c2[] = {0.0041335978835978836,    -0.00268132716049382716,
                             0.000771604938271604938,  2.00938786008230453e-6,
                             -0.000107366532263651605, 5.29234488291201254e-5,
                             -1.27606351886187277e-5,  3.42357873409613807e-8};
    constexpr double c3[] = {0.000649434156378600823, 0.000229472093621399177,
                             -0.000469189494395255712, 0.000267720632062838853};
    const double rest =
        polynomial(c0, eta) +
        (polynomial(c1, eta) + (polynomial(c2, eta) + polynomial(c3, eta) / a) / a) / a;
    const double correction = rest * std::exp(-0.5 * a * eta * eta) / std::sqrt(2 * kPi * a);
    const double normal = 0.5 * std::erfc((lower ? -eta : eta) * std::sqrt(0.5 * a));
    return lower ? normal - correction : normal + correction;
}

// P where `lower`, else Q.
double incomplete_gamma(double a, double x, bool lower) {
    if (std::isnan(a) || std::isnan(x) || a < 0 || x < 0) return kNaN;
    if ((a == 0 && x == 0) || (std::isinf(a) && std::isinf(x))) return kNaN;
    if (a == 0 || std::isinf(x)) return lower ? 1 : 0;
    if (x == 0 || std::isinf(a)) return lower ? 0 : 1;
    if (a > 1e4 && std::abs(x - a) < 0.35 * a) return near_transition(a, x, lower);
    const bool small = x <= 1.1;
    if (x > a && !small) {
        const double upper = upper_fraction(a, x);
        return lower ? 1 - upper : upper;
    }
    const double below = lower_series(a, x);
    if (lower) return below;
    return small && below > 0.6 ? upper_small(a, x) : 1 - below;
}

}  // namespace

double igamma(double a, double x) { return incomplete_gamma(a, x, true); }
double igammac(double a, double x) { return incomplete_gamma(a, x, false); }

// ---- the quantile of the normal distribution
// -----------------------------------------------------------------

namespace {

// log(erfc(t) exp(t*t)) for t > 0: from erfc, and where that underflows from DLMF 7.12.1.
double log_scaled_erfc(double t) {
    if (t < 10) return std::log(std::erfc(t)) + t * t;
    double term = 1, sum = 1;
    for (int k = 1; k < 30 && std::abs(term) > 0.1 * kEpsilon; k++) {
        term *= -(2 * k - 1) / (2 * t * t);
        sum += term;
    }
    return std::log(sum / (t * std::sqrt(kPi)));
}

// z > 0 with a share q < 1/2 of the distribution above it: A&S 26.2.23, then Newton's method on the
// logarithm of the share.
double upper_quantile(double q) {
    const double log_q = std::log(q), t = std::sqrt(-2 * log_q);
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int i = 0; i < 3; i++) {
        const double scaled = log_scaled_erfc(z * std::numbers::sqrt2 / 2);
        const double off = scaled - 0.5 * z * z - std::numbers::ln2 - log_q;
        z += off * std::exp(scaled) * std::sqrt(kPi / 2);
    }
    return z;
}

// u with erf(u) = c for |c| < 0.7, by Newton's method from the series A&S 7.4 gives.
double inverse_erf(double c) {
    const double square = c * c;
    double u =
        0.5 * std::sqrt(kPi) * c * (1 + square * (0.2618 + square * (0.1439 + square * 0.12)));
    for (int i = 0; i < 4; i++) u -= (std::erf(u) - c) * 0.5 * std::sqrt(kPi) * std::exp(u * u);
    return u;
}

}  // namespace

double ndtri(double p) {
    if (!(p >= 0 && p <= 1)) return kNaN;
    if (p == 0 || p == 1) return p == 0 ? -kInfinity : kInfinity;
    if (std::abs(p - 0.5) < 0.35) return std::numbers::sqrt2 * inverse_erf(2 * (p - 0.5));
    return p < 0.5 ? -upper_quantile(p) : upper_quantile(1 - p);
}

// ---- orthogonal polynomials
// ----------------------------------------------------------------------------------

namespace {

// A polynomial of degree n from its recurrence: `next(k, x, p, q)` is that of degree k + 1 from
// those of degree k (p) and k - 1 (q).
template <class Next>
double by_recurrence(double x, int64_t n, double first, Next next) {
    if (n == 0) return 1;
    double q = 1, p = first;
    for (int64_t k = 1; k < n && !std::isnan(p); k++) {
        const double r = next(static_cast<double>(k), x, p, q);
        q = p, p = r;
    }
    return p;
}

// DLMF 18.9.1 with table 18.9.1: the four kinds differ in their polynomial of degree 1.
double chebyshev(double x, int64_t n, double first) {
    return by_recurrence(x, n, first,
                         [](double, double x_, double p, double q) { return 2 * x_ * p - q; });
}

int64_t degree(double n) {
    if (!(n > -1)) return -1;  // nan included
    return static_cast<int64_t>(std::min(n, 1e9));
}

constexpr int64_t kFewTerms = 8;          // beyond, within [-1, 1] the trigonometric form is faster
constexpr int64_t kLargestHermite = 512;  // values of a higher degree overflow

}  // namespace

// The trigonometric forms are DLMF 18.5.1 to 18.5.4.
double chebyshev_t(double x, double n_) {
    const int64_t n = degree(n_);
    if (n < 0) return 0;
    if (std::abs(x) == 1) return x > 0 || n % 2 == 0 ? 1 : -1;
    if (n > kFewTerms && std::abs(x) < 1) return std::cos(double(n) * std::acos(x));
    return chebyshev(x, n, x);
}
double chebyshev_u(double x, double n_) {
    const int64_t n = degree(n_);
    if (n < 0) return 0;
    if (std::abs(x) == 1) return x > 0 || n % 2 == 0 ? double(n + 1) : -double(n + 1);
    if (n > kFewTerms && std::abs(x) < 1) {
        const double angle = std::acos(x);
        return std::sin(double(n + 1) * angle) / std::sin(angle);
    }
    return chebyshev(x, n, 2 * x);
}
double chebyshev_v(double x, double n_) {
    const int64_t n = degree(n_);
    if (n < 0) return 0;
    if (std::abs(x) == 1) return x > 0 ? 1 : n % 2 == 0 ? double(2 * n + 1) : -double(2 * n + 1);
    if (n > kFewTerms && std::abs(x) < 1) {
        const double angle = std::acos(x);
        return std::cos((double(n) + 0.5) * angle) / std::cos(0.5 * angle);
    }
    return chebyshev(x, n, 2 * x - 1);
}
double chebyshev_w(double x, double n_) {
    const int64_t n = degree(n_);
    if (n < 0) return 0;
    if (std::abs(x) == 1) return x > 0 ? double(2 * n + 1) : n % 2 == 0 ? 1 : -1;
    if (n > kFewTerms && std::abs(x) < 1) {
        const double angle = std::acos(x);
        return std::sin((double(n) + 0.5) * angle) / std::sin(0.5 * angle);
    }
    return chebyshev(x, n, 2 * x + 1);
}
double hermite_h(double x, double n_) {
    const int64_t n = degree(n_);
    if (n < 0 || n > kLargestHermite) return n < 0 ? 0 : kNaN;
    return by_recurrence(
        x, n, 2 * x, [](double k, double x_, double p, double q) { return 2 * (x_ * p - k * q); });
}
double hermite_he(double x, double n_) {
    const int64_t n = degree(n_);
    if (n < 0 || n > kLargestHermite) return n < 0 ? 0 : kNaN;
    return by_recurrence(x, n, x,
                         [](double k, double x_, double p, double q) { return x_ * p - k * q; });
}
double laguerre_l(double x, double n_) {
    const int64_t n = degree(n_);
    if (n < 0) return 0;
    if (x == 0) return 1;
    return by_recurrence(x, n, 1 - x, [](double k, double x_, double p, double q) {
        return ((2 * k + 1 - x_) * p - k * q) / (k + 1);
    });
}
double legendre_p(double x, double n_) {
    const int64_t n = degree(n_);
    if (n < 0) return 0;
    if (std::abs(x) == 1) return x > 0 || n % 2 == 0 ? 1 : -1;
    return by_recurrence(x, n, x, [](double k, double x_, double p, double q) {
        return ((2 * k + 1) * x_ * p - k * q) / (k + 1);
    });
}

}  // namespace kajo::cpu::scalar
