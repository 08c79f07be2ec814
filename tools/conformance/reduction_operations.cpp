#include <latent/activations.h>
#include <latent/reductions.h>
#include <latent/scans.h>
#include <latent/sorting.h>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

/// Over axes.
Operation reduction(Tensor (*function)(const Tensor&, const Axes&, bool, std::source_location)) {
    return single([function](const Call& call) {
        return function(call.input(0), call.axes(), call.keepdims(),
                        std::source_location::current());
    });
}

/// To positions along an axis, or among all elements.
Operation position(Tensor (*function)(const Tensor&, std::optional<int>, bool,
                                      std::source_location)) {
    return single([function](const Call& call) {
        return function(call.input(0), call.optional_axis(), call.keepdims(),
                        std::source_location::current());
    });
}

VarianceOptions variance_options(const Call& call) {
    return {.axes = call.axes(),
            .correction = call.number("correction", 0),
            .keepdims = call.keepdims()};
}

}  // namespace

Operations reduction_operations() {
    return {
        {"sum", reduction(sum)},
        {"mean", reduction(mean)},
        {"prod", reduction(prod)},
        {"max", reduction(max)},
        {"min", reduction(min)},
        {"any", reduction(any)},
        {"all", reduction(all)},
        {"count_nonzero", reduction(count_nonzero)},
        {"logsumexp", reduction(logsumexp)},
        {"argmax", position(argmax)},
        {"argmin", position(argmin)},
        {"cumsum", single([](const Call& call) { return cumsum(call.input(0), call.axis()); })},
        {"cumprod", single([](const Call& call) { return cumprod(call.input(0), call.axis()); })},
        {"cummax",
         single([](const Call& call) { return cummax(call.input(0), call.axis()).values; })},
        {"cummin",
         single([](const Call& call) { return cummin(call.input(0), call.axis()).values; })},
        {"logcumsumexp",
         single([](const Call& call) { return logcumsumexp(call.input(0), call.axis()); })},
        {"sort", single([](const Call& call) {
             return sort(call.input(0), call.axis(-1), call.flag("descending", false));
         })},
        {"argsort", single([](const Call& call) {
             return argsort(call.input(0), call.axis(-1), call.flag("descending", false));
         })},
        {"topk",
         [](const Call& call) -> std::vector<Tensor> {
             const auto [values, indices] =
                 topk(call.input(0), call.integer("k"), call.axis(-1), call.flag("largest", true));
             return {values, indices};
         }},
        {"median", single([](const Call& call) { return median(call.input(0), call.axis(-1)); })},
        {"quantile", single([](const Call& call) {
             return quantile(call.input(0), call.number("q"), call.axis(-1));
         })},
        {"var",
         single([](const Call& call) { return var(call.input(0), variance_options(call)); })},
        {"std",
         single([](const Call& call) { return stddev(call.input(0), variance_options(call)); })},
        {"norm", single([](const Call& call) {
             return norm(call.input(0), call.axes(), call.number("ord", 2), call.keepdims());
         })},
        {"softmax", single([](const Call& call) { return softmax(call.input(0), call.axis(-1)); })},
        {"log_softmax",
         single([](const Call& call) { return log_softmax(call.input(0), call.axis(-1)); })},
    };
}

}  // namespace latent::conformance
