#include <latent/eval.h>
#include <latent/tensor.h>

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "frontend/execution/evaluation.h"
#include "frontend/tensor/access.h"

namespace latent {

namespace {

using detail::node_of;
using detail::value_of;

/// The bytes of a value that has been evaluated.
std::span<const std::byte> bytes(const ir::Node& value) {
    const ir::StorageRef storage = value.slot().storage();
    if (storage == nullptr) {
        throw InternalError("an evaluation left a value pending");
    }
    return {storage->data(), value.type().bytes()};
}

template <typename T>
T load(std::span<const std::byte> bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
}

const ir::Node& evaluated(const Tensor& tensor, const std::source_location& location) {
    const ir::Node& node = node_of(tensor, location);
    if (!node.slot().ready()) {
        const ir::Value value = value_of(tensor, location);
        detail::evaluate(std::span(&value, 1), location);
    }
    return node;
}

const ir::Node& evaluated_item(const Tensor& tensor, const std::source_location& location) {
    if (const ir::Type& type = node_of(tensor, location).type(); type.element_count() != 1) {
        ir::raise<ShapeError>(
            location, fmt::format("item: {} does not have exactly one element", to_string(type)));
    }
    return evaluated(tensor, location);
}

}  // namespace

Tensor Tensor::eval(std::source_location location) const {
    evaluated(*this, location);
    return *this;
}

std::span<const std::byte> Tensor::bytes_of(DType dtype,
                                            const std::source_location& location) const {
    if (const ir::Type& type = node_of(*this, location).type(); type.dtype != dtype) {
        ir::raise<TypeError>(location, fmt::format("data: {} does not hold elements of {}",
                                                   to_string(type), name(dtype)));
    }
    return bytes(evaluated(*this, location));
}

double Tensor::floating_item(const std::source_location& location) const {
    const ir::Node& value = evaluated_item(*this, location);
    switch (value.type().dtype) {
        case DType::f16:
            return load<float16>(bytes(value));
        case DType::bf16:
            return load<bfloat16>(bytes(value));
        case DType::f32:
            return load<float>(bytes(value));
        case DType::f64:
            return load<double>(bytes(value));
        case DType::boolean:
        case DType::u8:
        case DType::i8:
        case DType::i16:
        case DType::i32:
        case DType::i64:
            return static_cast<double>(integer_item(location));
    }
    throw InternalError("a value of no dtype");
}

std::int64_t Tensor::integer_item(const std::source_location& location) const {
    const ir::Node& value = evaluated_item(*this, location);
    switch (value.type().dtype) {
        case DType::boolean:
        case DType::u8:
            return load<std::uint8_t>(bytes(value));
        case DType::i8:
            return load<std::int8_t>(bytes(value));
        case DType::i16:
            return load<std::int16_t>(bytes(value));
        case DType::i32:
            return load<std::int32_t>(bytes(value));
        case DType::i64:
            return load<std::int64_t>(bytes(value));
        case DType::f16:
        case DType::bf16:
        case DType::f32:
        case DType::f64:
            ir::raise<TypeError>(location, fmt::format("item: {} does not hold an integer",
                                                       to_string(value.type())));
    }
    throw InternalError("a value of no dtype");
}

void detail::eval(std::span<const Tensor> tensors, const std::source_location& location) {
    if (tensors.size() == 1) {
        evaluated(tensors.front(), location);
        return;
    }
    std::vector<ir::Value> pending;
    for (const Tensor& tensor : tensors) {
        if (!node_of(tensor, location).slot().ready()) {
            pending.push_back(value_of(tensor, location));
        }
    }
    if (!pending.empty()) {
        evaluate(pending, location);
    }
}

}  // namespace latent
