// Fourier transforms along one dimension, on which kajo.fft is built.
#include "ops/fourier.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

const OpEntry kOperations[] = {
    {"fft_complex(Tensor self, int dim, bool inverse, float scale) -> Tensor",
     bind<&ops::fft_complex>, kPrivate},
    {"fft_from_real(Tensor self, int dim, float scale) -> Tensor", bind<&ops::fft_from_real>,
     kPrivate},
    {"fft_to_real(Tensor self, int dim, int points, float scale) -> Tensor",
     bind<&ops::fft_to_real>, kPrivate},
};

}  // namespace

std::span<const OpEntry> fourier_operations() { return kOperations; }

}  // namespace kajo::python
