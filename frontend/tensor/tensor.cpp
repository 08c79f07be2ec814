#include <latent/tensor.h>

#include <fmt/format.h>

#include <cstring>
#include <memory>

#include "codegen/runtime/context.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::node_of;

constexpr std::source_location no_location{};

const ir::Type& type_of(const Tensor& tensor) {
    return node_of(tensor, no_location).type();
}

}  // namespace

Tensor Tensor::from_memory(DType dtype, const void* data, std::size_t count, const Shape& shape,
                           const TensorOptions& options, const std::source_location& location) {
    const ir::Type type{dtype, ir::Shape(shape.span())};
    detail::require_shape(shape.span(), dtype, "from", location);
    if (static_cast<std::int64_t>(count) != type.element_count()) {
        ir::raise<ShapeError>(location,
                              fmt::format("from: shape {} has {} elements, but {} were given",
                                          to_string(shape), type.element_count(), count));
    }
    ir::StorageRef storage = codegen::runtime::context().memory().make_storage(type.bytes());
    if (count != 0) {
        std::memcpy(storage->data(), data, type.bytes());
    }
    const DType wanted = options.dtype.value_or(dtype);
    const bool leaf_already = options.requires_grad && wanted == dtype && is_floating(dtype);
    const detail::Expression value{
        ir::make_buffer(type, std::move(storage), leaf_already, location), location};
    if (leaf_already || !options.requires_grad) {
        return detail::wrap(detail::cast(value, wanted));
    }
    return detail::wrap(detail::gradient_leaf(detail::cast(value, wanted), "from"));
}

Tensor Tensor::from(const std::vector<bool>& values, const Shape& shape,
                    const TensorOptions& options, std::source_location location) {
    const auto copy = std::make_unique<bool[]>(values.size());
    std::copy(values.begin(), values.end(), copy.get());
    return from_memory(DType::boolean, copy.get(), values.size(), shape, options, location);
}

DType Tensor::dtype() const {
    return type_of(*this).dtype;
}

Shape Tensor::shape() const {
    return Shape(type_of(*this).shape.span());
}

int Tensor::rank() const {
    return static_cast<int>(type_of(*this).rank());
}

std::int64_t Tensor::numel() const {
    return type_of(*this).element_count();
}

std::int64_t Tensor::extent(int axis, std::source_location location) const {
    const ir::Shape& shape = node_of(*this, location).type().shape;
    return shape[static_cast<std::size_t>(
        detail::normalized_axis(axis, shape.size(), "extent", location))];
}

bool Tensor::requires_grad() const {
    return node_of(*this, no_location).requires_grad();
}

bool Tensor::is_ready() const {
    return node_of(*this, no_location).slot().ready();
}

void detail::raise_too_many(std::string_view type, std::size_t count,
                            const std::source_location& location) {
    ir::raise<ShapeError>(
        location, fmt::format("{}: takes at most {} numbers, got {}", type, max_rank, count));
}

std::string to_string(const Shape& shape) {
    return ir::to_string(shape.span());
}

std::ostream& operator<<(std::ostream& stream, const Shape& shape) {
    return stream << to_string(shape);
}

}  // namespace latent
