#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/op.h"
#include "tests/fuzz/case.h"

namespace latent::fuzz {

/// What checked cases were made of and took.
struct Statistics {
    std::uint64_t kernels = 0;  ///< requests; equal ones of several cases count again
    std::uint64_t launches = 0;
    /// Nodes by op.
    std::array<std::uint64_t, 256> ops{};

    Statistics& operator+=(const Statistics& other);
};

/// Runs a case on kernels and compares with the interpreter: all results in one plan, with one
/// thread and with two (the same bits), and, if `thoroughly`, with schedules and fusions that
/// tuning may choose (the same bits), and through the frontend after a value inside was evaluated,
/// result by result (the same bits if no sum of floats is in the graph). The first thing that is
/// wrong, in words; empty if nothing is. Whatever the library throws passes.
std::string check(const Case& example, bool thoroughly, Statistics& statistics);

/// The requests for the kernels of a case; compiles nothing.
std::vector<std::string> kernel_requests(const Case& example);

}  // namespace latent::fuzz
