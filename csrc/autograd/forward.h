// Forward mode: a tensor may carry a tangent, the derivative of its value along one direction, at
// each level that is open. The tangent of a result comes from the formula of its gradient: that is
// linear, g = J^H u, so its own gradient along t is J t, and no operation needs a second formula.
//
// A tangent at one level may carry tangents at lower levels, and those of no other: what is done to
// tangents of level n is done with the levels below n only.
#pragma once

#include <vector>

#include "autograd/meta.h"

namespace kajo {

class FormulaNode;

// Levels are numbered from 0. Leaving one takes the tangents of that level from all tensors;
// threads may leave theirs in any order.
int enter_forward_level();
void exit_forward_level(int level);

// Undefined where `t` has none.
Tensor tangent(const Tensor& t, int level);
void set_tangent(const Tensor& t, int level, Tensor tangent);
// `to` gets the tangents that `from` has at the levels seen now.
void copy_tangents(const Tensor& from, const Tensor& to);
// `t` without history but with its tangents: these too without history, or as they are.
Tensor detach_dual(const Tensor& t, bool keep_history_of_tangents);
// The same values, with the tangent given at `level` (or none), and no other tensor's tangent
// changes with it; the tangents at other levels are kept.
Tensor with_tangent(const Tensor& t, int level, const Tensor& tangent);

// Gives `outputs` of an operation their tangents. `saved` is what its formula reads.
void propagate_tangents(FormulaNode& node, TensorRefs outputs, TensorRefs inputs, TensorRefs saved);

}  // namespace kajo
