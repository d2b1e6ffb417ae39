#include "core/range.h"

#include <cmath>

namespace kajo {

namespace {

double largest_whole(DType dtype) {
    const int bits = 8 * static_cast<int>(item_size(dtype)) - is_signed(dtype);
    return std::ldexp(1.0, bits) - (bits < 53 ? 1 : 0);
}

bool fits_part(double part, DType real) {
    const DTypeInfo& type = info(real);
    if (type.family == kExponent) return part >= type.tiny && part <= type.largest;
    // Infinity and nan are values of most types of this kind; where they are not, nan stands for
    // it.
    return !(std::abs(part) > type.largest) || (is_common(real) && std::isinf(part));
}

}  // namespace

bool fits(const Scalar& value, DType dtype) {
    if (dtype == DType::Bool || dtype == DType::Complex32 || !is_number(dtype)) return true;
    const std::complex<double> z = value.as_complex();
    if (is_complex(dtype))
        return fits_part(z.real(), real_type(dtype)) && fits_part(z.imag(), real_type(dtype));
    if (z.imag() != 0.0) return false;
    if (is_float(dtype)) return fits_part(z.real(), dtype);
    if (value.is_unsigned() && is_signed(dtype)) return false;
    const double most = largest_whole(dtype);
    const bool wraps = !is_signed(dtype) && value.is_integral();
    const double least = wraps ? -most : is_signed(dtype) ? -most - 1 : 0;
    return z.real() >= least && z.real() <= most;
}

void check_fits(const Scalar& value, DType dtype, const char* operation) {
    if (value.is_integral() && value.as_int() <= 1 && value.as_int() >= -1) return;
    check(fits(value, dtype), operation, "(): value ", value, " cannot be converted to type ",
          dtype, " without overflow");
}

}  // namespace kajo
