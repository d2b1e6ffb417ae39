// Every operation on tensors, by family.
#pragma once

#include "ops/creation.h"
#include "ops/copy.h"
#include "ops/pointwise.h"
#include "ops/views.h"
