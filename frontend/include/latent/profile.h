#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <cstddef>
#include <iosfwd>
#include <source_location>
#include <span>
#include <string>
#include <vector>

namespace latent {

/// Calls of one kernel that do not depend on each other, and so run together.
struct ProfiledLaunch {
    std::string name;       ///< kind, extents and the last operation of its first call
    std::size_t calls = 1;  ///< of the kernel
    double milliseconds = 0;
    /// Of its products and convolutions. Blocks that a mask hides count too, whether they are
    /// computed or not.
    double multiply_adds = 0;
    /// That it reads and writes, each once: those in parts of tensors that it does not touch do not
    /// count.
    double bytes = 0;
};

struct Profile {
    std::vector<ProfiledLaunch> launches;  ///< the longest first
    double milliseconds = 0;               ///< of the whole plan
};

/// A table: for each launch its time, its share of their sum, and its rates.
std::string to_string(const Profile& profile);
std::ostream& operator<<(std::ostream& stream, const Profile& profile);

namespace detail {
Profile profile(std::span<const Tensor> tensors, const std::source_location& location);
}  // namespace detail

/// What one `eval` of all these would run, timed: the least that each launch and the whole plan
/// took in several runs, after the kernels were compiled and run once. The tensors stay as they
/// are; those that are ready have nothing to time. For times that mean something nothing else
/// should be running.
///
/// Throws what an evaluation throws.
template <typename... Trees>
Profile profile(const detail::LocatedTensors& first, const Trees&... others) {
    return detail::profile(first.with(others...), first.location());
}

}  // namespace latent
