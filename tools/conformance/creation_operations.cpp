#include <latent/creation.h>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

/// The dtype that a case names, if it does.
TensorOptions options(const Call& call) {
    return {.dtype = call.has("dtype") ? std::optional(call.dtype()) : std::nullopt};
}

}  // namespace

Operations creation_operations() {
    return {
        {"zeros",
         single([](const Call& call) { return zeros(call.integers("shape"), options(call)); })},
        {"ones",
         single([](const Call& call) { return ones(call.integers("shape"), options(call)); })},
        {"full", single([](const Call& call) {
             return full(call.integers("shape"), call.scalar("value"), options(call));
         })},
        {"eye", single([](const Call& call) {
             const std::int64_t n = call.integer("n");
             return eye(n, call.integer("m", n), options(call));
         })},
        {"arange", single([](const Call& call) {
             return arange(call.scalar("start", 0), call.scalar("stop"), call.scalar("step", 1),
                           options(call));
         })},
        {"linspace", single([](const Call& call) {
             return linspace(call.number("start"), call.number("stop"), call.integer("num"),
                             options(call));
         })},
    };
}

}  // namespace latent::conformance
