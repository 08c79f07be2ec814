#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace latent::codegen::runtime {

/// How kernels that take `efforts` to compile, the longest first, are divided among as many threads
/// into batches that are compiled together: the number of kernels in each, in the order in which
/// threads take them. What a batch costs beside its kernels is saved, while the last batches are
/// small enough for all threads to end together.
std::vector<std::size_t> compile_batches(std::span<const double> efforts, std::size_t threads);

}  // namespace latent::codegen::runtime
