#pragma once

#include <Halide.h>

#include <functional>
#include <set>
#include <span>
#include <string>

namespace latent::codegen {

/// The statement in which the lines that a row is stored to are asked for, to be written, while
/// functions of its elements are computed, where that is a walk along the row of its own: stores
/// wait for their lines in order, and the exponentials of a softmax leave memory nothing to do.
/// (Lines of what is read later are not worth it: processors see these ahead.) `results` are all
/// buffers that are written; lines of one are asked for where the variable that `condition_of`
/// names is true, and `prefetched` has its name afterwards.
Halide::Internal::Stmt prefetch_stored_rows(
    const Halide::Internal::Stmt& statement, std::span<const Halide::Parameter> results,
    const std::function<std::string(const std::string&)>& condition_of,
    std::set<std::string>& prefetched);

}  // namespace latent::codegen
