#pragma once

#include "ir/schedule.h"

namespace latent::test {

/// Machines that schedules are chosen for, whatever the tests run on.
constexpr ir::Machine sse41{
    .instruction_set = ir::InstructionSet::sse41, .vector_bytes = 16, .registers = 16};
constexpr ir::Machine avx2{
    .instruction_set = ir::InstructionSet::avx2, .vector_bytes = 32, .registers = 16};
constexpr ir::Machine avx512{
    .instruction_set = ir::InstructionSet::avx512, .vector_bytes = 64, .registers = 32};

}  // namespace latent::test
