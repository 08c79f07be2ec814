#pragma once

#include <mutex>
#include <shared_mutex>

namespace latent::detail {

/// Whoever walks from user tensors down the graph holds this shared. After an evaluation, values
/// that no gradient can be asked through let go of their operands; that alone takes it exclusively.
std::shared_mutex& graph_mutex();

// The same for scopes in which this thread starts no other: where it is the only one, it need not
// lock.
std::shared_lock<std::shared_mutex> briefly_shared_graph();
std::unique_lock<std::shared_mutex> briefly_owned_graph();

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
