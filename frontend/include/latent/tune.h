#pragma once

#include <latent/compile.h>
#include <latent/tensor.h>
#include <latent/tree.h>

#include <functional>
#include <iosfwd>
#include <source_location>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace latent {

struct TuningOptions {
    /// About how long to search.
    double seconds = 30;
    /// Shows how far it is in one line of the standard error stream, if that is a terminal.
    bool progress = true;
    /// Keeps what is found for other processes too, in the folder of kernels.
    bool keep = true;
};

/// A kernel that was looked at. Times are of all its calls in one launch.
struct TunedKernel {
    std::string name;    ///< kind, extents and the last of its operations
    int candidates = 0;  ///< schedules that were timed beside the one it had
    double milliseconds_before = 0;
    double milliseconds_after = 0;
    bool is_complete = false;  ///< no neighbour of its schedule is faster; else time ran out
    std::string change;        ///< of its schedule: "unroll 2 -> 4"; empty if nothing was faster
};

/// The search for what kernels should compute, of values that may be stored as well. Times are of
/// the whole plan, before schedules were searched for.
struct TunedFusion {
    int candidates = 0;  ///< plans that were timed beside the one that there was
    double milliseconds_before = 0;
    double milliseconds_after = 0;
    bool is_complete = false;  ///< no plan that differs in one value is faster; else time ran out
    std::string change;        ///< "exp (train.cpp:42) stored"; empty if nothing was faster
};

struct TuningReport {
    TunedFusion fusion;
    /// By their share of the time, the longest first. Those that take next to none are left out, as
    /// are those that time did not suffice for.
    std::vector<TunedKernel> kernels;
    int candidates = 0;
    double milliseconds_before = 0;  ///< of the whole plan
    double milliseconds_after = 0;
    std::string file;  ///< where other processes find the schedules; empty if nowhere
};

/// A table.
std::string to_string(const TuningReport& report);
std::ostream& operator<<(std::ostream& stream, const TuningReport& report);

namespace detail {

TuningReport tune(std::span<const Tensor> tensors, const TuningOptions& options,
                  const std::source_location& location);

template <typename T>
inline constexpr bool is_tuple = false;
template <typename... Parts>
inline constexpr bool is_tuple<std::tuple<Parts...>> = true;

}  // namespace detail

/// Searches for what the kernels that an evaluation of `function(inputs)` runs should fuse, and for
/// faster schedules of them, by timing them on these inputs. A tuple holds several arguments. Later
/// evaluations use what was found, for extents of about the same size too, and give the same bits
/// as before. The result of the function itself is not computed; a function made by `compile` is
/// called without its evaluation. For a search that means something nothing else should be running.
///
/// Throws ValueError where `options.seconds` is not above 0, and what an evaluation throws.
template <typename Function, typename Inputs>
TuningReport tune(const Function& function, const Inputs& inputs, const TuningOptions& options = {},
                  std::source_location location = std::source_location::current()) {
    const auto build = [&](const auto&... arguments) {
        return detail::call_uncompiled(function, arguments...);
    };
    if constexpr (detail::is_tuple<Inputs>) {
        return detail::tune(detail::tensors_of(std::apply(build, inputs)), options, location);
    } else {
        return detail::tune(detail::tensors_of(build(inputs)), options, location);
    }
}

}  // namespace latent
