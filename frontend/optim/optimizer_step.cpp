#include "frontend/optim/optimizer_step.h"

#include <fmt/format.h>

#include <cstring>

#include "codegen/runtime/context.h"

namespace latent::detail {

void require_equal(std::size_t count, std::size_t expected, std::string_view what,
                   const std::source_location& location) {
    if (count != expected) {
        ir::raise<ShapeError>(
            location, fmt::format("update: {} {} given for {} parameters", count, what, expected));
    }
}

Expression gradient_for(const Expression& parameter, const Tensor& gradient, std::size_t index) {
    const Expression value = expression(gradient, parameter.location());
    if (value.shape() != parameter.shape()) {
        ir::raise<ShapeError>(
            parameter.location(),
            fmt::format("update: gradient {} has shape {}, its parameter {}", index,
                        to_string(value.shape()), to_string(parameter.shape())));
    }
    if (value.dtype() != parameter.dtype()) {
        ir::raise<TypeError>(parameter.location(),
                             fmt::format("update: gradient {} has dtype {}, its parameter {}",
                                         index, name(value.dtype()), name(parameter.dtype())));
    }
    return value;
}

Tensor computed_zeros(const ir::Type& type, const std::source_location& location) {
    ir::StorageRef storage = codegen::runtime::context().memory().make_storage(type.bytes());
    if (type.bytes() != 0) {
        std::memset(storage->data(), 0, type.bytes());
    }
    return wrap(ir::make_buffer(type, std::move(storage), false, location));
}

std::vector<Tensor> computed_zeros(std::span<const Tensor> tensors,
                                   const std::source_location& location) {
    std::vector<Tensor> zeros;
    for (const Tensor& tensor : tensors) {
        const ir::Type& type = node_of(tensor, location).type();
        zeros.push_back(
            computed_zeros(ir::Type{computing_dtype(type.dtype), type.shape}, location));
    }
    return zeros;
}

}  // namespace latent::detail
