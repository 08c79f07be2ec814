#pragma once

#include <shared_mutex>

namespace latent::detail {

/// Whoever walks from user tensors down the graph holds this shared. After an evaluation, values
/// that no gradient can be asked through let go of their operands; that alone takes it exclusively.
std::shared_mutex& graph_mutex();

}  // namespace latent::detail
