#include <latent/manipulation.h>

#include <array>
#include <map>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

/// Cuts one axis after the other, from the first.
Tensor sliced(const Call& call) {
    const std::vector<std::int64_t> starts = call.integers("starts");
    const std::vector<std::int64_t> stops = call.integers("stops");
    const std::vector<std::int64_t> steps =
        call.integers("steps", std::vector<std::int64_t>(starts.size(), 1));
    Tensor x = call.input(0);
    for (std::size_t i = 0; i < starts.size(); ++i) {
        x = slice(x, static_cast<int>(i), starts.at(i), stops.at(i), steps.at(i));
    }
    return x;
}

Tensor padded(const Call& call) {
    std::vector<std::array<std::int64_t, 2>> widths;
    for (const std::vector<std::int64_t>& width : call.lists("pads")) {
        widths.push_back({width.at(0), width.at(1)});
    }
    const std::string mode = call.text("mode", "constant");
    if (mode == "constant") {
        return pad(call.input(0), widths, call.scalar("value", 0));
    }
    const std::map<std::string_view, PadMode> modes{
        {"edge", PadMode::edge},       {"replicate", PadMode::edge},
        {"reflect", PadMode::reflect}, {"symmetric", PadMode::symmetric},
        {"wrap", PadMode::wrap},       {"circular", PadMode::wrap},
    };
    const auto found = modes.find(mode);
    if (found == modes.end()) {
        throw Unsupported("mode: " + mode);
    }
    return pad(call.input(0), widths, found->second);
}

/// Into parts of the given sizes, or into equal ones.
std::vector<Tensor> parts(const Call& call) {
    if (call.has("sizes")) {
        return split(call.input(0), call.integers("sizes"), call.axis(0));
    }
    return split(call.input(0), call.integer("parts"), call.axis(0));
}

}  // namespace

Operations arrangement_operations() {
    return {
        {"reshape",
         single([](const Call& call) { return reshape(call.input(0), call.integers("shape")); })},
        {"flatten", unary(flatten)},
        {"permute", single([](const Call& call) { return permute(call.input(0), call.axes()); })},
        {"transpose", unary(transpose)},
        {"swapaxes", single([](const Call& call) {
             return swapaxes(call.input(0), static_cast<int>(call.integer("axis1")),
                             static_cast<int>(call.integer("axis2")));
         })},
        {"squeeze", single([](const Call& call) { return squeeze(call.input(0), call.axes()); })},
        {"expand_dims",
         single([](const Call& call) { return expand_dims(call.input(0), call.axis()); })},
        {"broadcast_to", single([](const Call& call) {
             return broadcast_to(call.input(0), call.integers("shape"));
         })},
        {"slice", single(sliced)},
        {"flip", single([](const Call& call) { return flip(call.input(0), call.axes()); })},
        {"roll", single([](const Call& call) {
             return roll(call.input(0), call.integer("shift"), call.axis());
         })},
        {"concat", single([](const Call& call) { return concat(call.inputs(), call.axis(0)); })},
        {"stack", single([](const Call& call) { return stack(call.inputs(), call.axis(0)); })},
        {"split", parts},
        {"pad", single(padded)},
        {"tile",
         single([](const Call& call) { return tile(call.input(0), call.integers("repeats")); })},
        {"tril",
         single([](const Call& call) { return tril(call.input(0), call.integer("k", 0)); })},
        {"triu",
         single([](const Call& call) { return triu(call.input(0), call.integer("k", 0)); })},
        {"diagonal", single([](const Call& call) {
             return diagonal(call.input(0), call.integer("offset", 0),
                             static_cast<int>(call.integer("axis1", 0)),
                             static_cast<int>(call.integer("axis2", 1)));
         })},
        {"repeat", single([](const Call& call) {
             return repeat(call.input(0), call.integer("repeats"), call.axis());
         })},
    };
}

}  // namespace latent::conformance
