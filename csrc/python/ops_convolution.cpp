// Convolutions.
#include "ops/convolution.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

const OpEntry kOperations[] = {
    {"conv1d(Tensor input, Tensor weight, Tensor? bias=None, int[1] stride=1, int[1] padding=0, "
     "int[1] dilation=1, int groups=1) -> Tensor",
     bind<&ops::conv<1>>, kFunction},
    {"conv1d(Tensor input, Tensor weight, Tensor? bias=None, int[1] stride=1, str padding='valid', "
     "int[1] dilation=1, int groups=1) -> Tensor",
     bind<&ops::conv_named_padding<1>>, kFunction},
    {"conv2d(Tensor input, Tensor weight, Tensor? bias=None, int[2] stride=1, int[2] padding=0, "
     "int[2] dilation=1, int groups=1) -> Tensor",
     bind<&ops::conv<2>>, kFunction},
    {"conv2d(Tensor input, Tensor weight, Tensor? bias=None, int[2] stride=1, str padding='valid', "
     "int[2] dilation=1, int groups=1) -> Tensor",
     bind<&ops::conv_named_padding<2>>, kFunction},
    {"conv3d(Tensor input, Tensor weight, Tensor? bias=None, int[3] stride=1, int[3] padding=0, "
     "int[3] dilation=1, int groups=1) -> Tensor",
     bind<&ops::conv<3>>, kFunction},
    {"conv3d(Tensor input, Tensor weight, Tensor? bias=None, int[3] stride=1, str padding='valid', "
     "int[3] dilation=1, int groups=1) -> Tensor",
     bind<&ops::conv_named_padding<3>>, kFunction},
    {"conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, int[1] stride=1, "
     "int[1] padding=0, int[1] output_padding=0, int groups=1, int[1] dilation=1) -> Tensor",
     bind<&ops::conv_transpose<1>>, kFunction},
    {"conv_transpose2d(Tensor input, Tensor weight, Tensor? bias=None, int[2] stride=1, "
     "int[2] padding=0, int[2] output_padding=0, int groups=1, int[2] dilation=1) -> Tensor",
     bind<&ops::conv_transpose<2>>, kFunction},
    {"conv_transpose3d(Tensor input, Tensor weight, Tensor? bias=None, int[3] stride=1, "
     "int[3] padding=0, int[3] output_padding=0, int groups=1, int[3] dilation=1) -> Tensor",
     bind<&ops::conv_transpose<3>>, kFunction},
    {"convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, "
     "int[] dilation, bool transposed, int[] output_padding, int groups) -> Tensor",
     bind<&ops::convolution>, kFunction},
    {"conv_tbc(Tensor self, Tensor weight, Tensor bias, int pad=0) -> Tensor", bind<&ops::conv_tbc>,
     kFunction},
};

}  // namespace

std::span<const OpEntry> convolution_operations() { return kOperations; }

}  // namespace kajo::python
