#include <latent/indexing.h>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

Side side(const Call& call) {
    const std::string name = call.text("side", "left");
    if (name == "left") {
        return Side::left;
    }
    if (name == "right") {
        return Side::right;
    }
    throw Unsupported("side: " + name);
}

}  // namespace

Operations indexing_operations() {
    return {
        {"take",
         single([](const Call& call) { return take(call.input(0), call.input(1), call.axis(0)); })},
        {"take_along_axis", single([](const Call& call) {
             return take_along_axis(call.input(0), call.input(1), call.axis());
         })},
        {"embedding",
         single([](const Call& call) { return embedding(call.input(0), call.input(1)); })},
        {"scatter_add", single([](const Call& call) {
             return scatter_add(call.input(0), call.input(1), call.input(2), call.axis(0));
         })},
        {"index_add", single([](const Call& call) {
             return index_add(call.input(0), call.input(1), call.input(2), call.axis(0));
         })},
        {"searchsorted", single([](const Call& call) {
             return searchsorted(call.input(0), call.input(1), side(call));
         })},
        {"one_hot", single([](const Call& call) {
             return one_hot(call.input(0), call.integer("classes"), call.dtype());
         })},
    };
}

}  // namespace latent::conformance
