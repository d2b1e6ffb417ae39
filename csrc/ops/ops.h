// Every operation on tensors, by family.
#pragma once

#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/pointwise.h"
#include "ops/views.h"
