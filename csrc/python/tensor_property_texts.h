// The docstrings of the properties of tensors.
#pragma once

#include <string_view>
#include <utility>

namespace kajo::python {

constexpr std::pair<std::string_view, const char*> kPropertyTexts[] = {
    {"shape", R"(The sizes of all dimensions.

>>> import kajo
>>> kajo.zeros(2, 3).shape
kajo.Size([2, 3])
)"},
    {"dtype", R"(The type of the elements.

>>> import kajo
>>> kajo.tensor([1, 2]).dtype
kajo.int64
)"},
    {"device", R"(Where the data is.

>>> import kajo
>>> kajo.zeros(1).device
device(type='cpu')
)"},
    {"layout", R"(How elements are kept: strided, or one of the sparse layouts.

>>> import kajo
>>> kajo.zeros(1).layout
kajo.strided
)"},
    {"ndim", R"(The number of dimensions.

>>> import kajo
>>> kajo.zeros(2, 3).ndim
2
)"},
    {"itemsize", R"(The bytes of one element.

>>> import kajo
>>> kajo.zeros(2, 3).itemsize
4
)"},
    {"nbytes", R"(The bytes of all elements.

>>> import kajo
>>> kajo.zeros(2, 3).nbytes
24
)"},
    {"requires_grad", R"(Whether gradients are computed for it; can be set on leaves.

>>> import kajo
>>> x = kajo.zeros(1)
>>> x.requires_grad = True
>>> (2 * x).requires_grad
True
)"},
    {"grad", R"(The gradient that backward() has accumulated, or None; can be set.

>>> import kajo
>>> x = kajo.tensor(3.0, requires_grad=True)
>>> (x * x).backward()
>>> x.grad
tensor(6.)
)"},
    {"grad_dtype",
     R"(The dtype that a leaf's gradient has: the tensor's own unless set; None: that which it comes in.

>>> import kajo
>>> kajo.zeros(1).grad_dtype
kajo.float32
)"},
    {"grad_fn", R"(The node of the graph that made it, or None for leaves.

>>> import kajo
>>> x = kajo.zeros(1, requires_grad=True)
>>> type((x * x).grad_fn).__name__
'MulBackward0'
)"},
    {"is_leaf", R"(Whether it has no history: it was made by the program, or needs no gradient.

>>> import kajo
>>> x = kajo.zeros(1, requires_grad=True)
>>> x.is_leaf, (x * x).is_leaf
(True, False)
)"},
    {"retains_grad", R"(Whether it is no leaf and keeps its gradient all the same.

>>> import kajo
>>> x = kajo.zeros(1, requires_grad=True) * 2
>>> x.retain_grad()
>>> x.retains_grad
True
)"},
    {"data", R"(The same storage without history; setting it takes over another tensor's data.

>>> import kajo
>>> x = kajo.ones(2, requires_grad=True)
>>> x.data.requires_grad
False
)"},
    {"output_nr", R"(Which of the results of grad_fn it is.

>>> import kajo
>>> kajo.zeros(1).output_nr
0
)"},
    {"name", R"(The name of the variable: always None.

>>> import kajo
>>> kajo.zeros(1).name is None
True
)"},
    {"_version", R"(How often the storage was written to.

>>> import kajo
>>> x = kajo.zeros(1)
>>> x._version, x.add_(1)._version
(0, 1)
)"},
    {"_base", R"(The tensor that it is a view of, or None.

>>> import kajo
>>> x = kajo.zeros(2)
>>> x[0]._base is x
True
)"},
    {"T", R"(A view with all dimensions in reverse order.

>>> import kajo
>>> kajo.tensor([[1, 2], [3, 4]]).T
tensor([[1, 3],
        [2, 4]])
)"},
    {"mT", R"(A view with the last two dimensions swapped.

>>> import kajo
>>> kajo.zeros(5, 2, 3).mT.shape
kajo.Size([5, 3, 2])
)"},
    {"H", R"(The conjugate transpose of a matrix, as a view.

>>> import kajo
>>> kajo.tensor([[1 + 1j, 2]]).H
tensor([[1.-1.j],
        [2.-0.j]])
)"},
    {"mH", R"(The conjugate transpose of the last two dimensions, as a view.

>>> import kajo
>>> kajo.zeros(5, 2, 3).mH.shape
kajo.Size([5, 3, 2])
)"},
    {"real", R"(The real part, a view of complex elements; can be written to.

>>> import kajo
>>> kajo.tensor([1 + 2j]).real
tensor([1.])
)"},
    {"imag", R"(The imaginary part, a view of complex elements; can be written to.

>>> import kajo
>>> kajo.tensor([1 + 2j]).imag
tensor([2.])
)"},
    {"is_cpu", R"(Whether the data is in the memory of the CPU.

>>> import kajo
>>> kajo.zeros(1).is_cpu
True
)"},
    {"is_meta", R"(Whether there is no data, only shape and dtype.

>>> import kajo
>>> kajo.zeros(1, device='meta').is_meta
True
)"},
    {"is_cuda", R"(Whether it is on a CUDA device: never.

>>> import kajo
>>> kajo.zeros(1).is_cuda
False
)"},
    {"is_mkldnn", R"(Whether it is in a layout of oneDNN: never.

>>> import kajo
>>> kajo.zeros(1).is_mkldnn
False
)"},
    {"is_mps", R"(Whether it is on an Apple GPU: never.

>>> import kajo
>>> kajo.zeros(1).is_mps
False
)"},
    {"is_xpu", R"(Whether it is on an Intel GPU: never.

>>> import kajo
>>> kajo.zeros(1).is_xpu
False
)"},
    {"is_ipu", R"(Whether it is on an IPU: never.

>>> import kajo
>>> kajo.zeros(1).is_ipu
False
)"},
    {"is_maia", R"(Whether it is on a MAIA device: never.

>>> import kajo
>>> kajo.zeros(1).is_maia
False
)"},
    {"is_mtia", R"(Whether it is on an MTIA device: never.

>>> import kajo
>>> kajo.zeros(1).is_mtia
False
)"},
    {"is_vulkan", R"(Whether it is on a Vulkan device: never.

>>> import kajo
>>> kajo.zeros(1).is_vulkan
False
)"},
    {"is_xla", R"(Whether it is on an XLA device: never.

>>> import kajo
>>> kajo.zeros(1).is_xla
False
)"},
    {"is_sparse", R"(Whether it is sparse in coordinate format.

>>> import kajo
>>> kajo.zeros(1).is_sparse, kajo.zeros(1).to_sparse().is_sparse
(False, True)
)"},
    {"is_sparse_csr", R"(Whether it is sparse in compressed row format.

>>> import kajo
>>> kajo.eye(2).is_sparse_csr, kajo.eye(2).to_sparse_csr().is_sparse_csr
(False, True)
)"},
    {"is_quantized", R"(Whether its elements are quantised.

>>> import kajo
>>> kajo.zeros(1).is_quantized
False
)"},
    {"is_nested", R"(Whether it holds tensors of different shapes.

>>> import kajo
>>> kajo.zeros(1).is_nested
False
)"},
    {"volatile", R"(A switch of older programs, which nothing heeds.

>>> import kajo
>>> kajo.zeros(1).volatile
False
)"},
};

}  // namespace kajo::python
