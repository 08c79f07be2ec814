#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/conformance/call.h"

namespace latent::conformance {

/// Calls one operation of Latent and gives its results.
using Operation = std::function<std::vector<Tensor>(const Call&)>;
/// Operations by the names that cases give them.
using Operations = std::map<std::string, Operation, std::less<>>;

// One table for each family.
Operations elementwise_operations();
Operations reduction_operations();
Operations arrangement_operations();
Operations indexing_operations();
Operations creation_operations();
Operations product_operations();
Operations network_operations();

/// All of them.
const Operations& operations();

/// Calls the operation `name`, or what the attribute "composite" spells. Throws Unsupported where
/// there is no such operation, or an attribute that it does not know.
std::vector<Tensor> perform(const std::string& name, const Call& call);

// Adapters from functions of the library to operations.

/// Of one tensor.
inline Operation unary(Tensor (*function)(const Tensor&, std::source_location)) {
    return [function](const Call& call) -> std::vector<Tensor> {
        return {function(call.input(0), std::source_location::current())};
    };
}

/// Of two tensors that broadcast.
inline Operation binary(Tensor (*function)(const Operand&, const Operand&)) {
    return [function](const Call& call) -> std::vector<Tensor> {
        return {function(call.input(0), call.input(1))};
    };
}

/// A function of the call with one result.
template <typename Function>
Operation single(Function function) {
    return [function](const Call& call) -> std::vector<Tensor> { return {function(call)}; };
}

}  // namespace latent::conformance
