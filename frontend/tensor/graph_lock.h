#pragma once

#include <shared_mutex>

namespace latent::detail {

/// Whoever walks from user tensors down the graph holds this shared. After an evaluation, values
/// that no gradient can be asked through let go of their operands; that alone takes it exclusively.
std::shared_mutex& graph_mutex();

/// Holds the mutex shared while functions of the user may run, which may come to want it too: only
/// the outermost of a thread locks.
class GraphReader {
  public:
    GraphReader();
    GraphReader(const GraphReader&) = delete;
    GraphReader& operator=(const GraphReader&) = delete;
    ~GraphReader();

    /// Whether this thread is inside of one, where it cannot wait for an evaluation.
    static bool active();
};

}  // namespace latent::detail
