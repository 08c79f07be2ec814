#pragma once

#include <latent/dtype.h>

#include <span>
#include <type_traits>

#include "ir/errors.h"
#include "ir/node.h"

namespace latent::codegen::reference {

/// One node with the memory of its operands and of its result, all row-major.
struct Computation {
    const ir::Node& node;
    std::span<const ir::StorageRef> operands;
    ir::Storage& result;

    const ir::Type& type() const { return node.type(); }
    const ir::Type& operand_type(std::size_t i) const { return node.operand(i).type(); }

    template <Element T>
    std::span<const T> operand(std::size_t i) const {
        return elements<const T>(*operands[i], operand_type(i));
    }
    template <Element T>
    std::span<T> output() const {
        return elements<T>(result, type());
    }

  private:
    template <typename T>
    static std::span<T> elements(const ir::Storage& storage, const ir::Type& type) {
        return {reinterpret_cast<T*>(storage.data()),
                static_cast<std::size_t>(type.element_count())};
    }
};

/// Element types that an op takes.
template <Element... Ts>
struct ElementTypes {};
using Floats = ElementTypes<float16, bfloat16, float, double>;
using Integers = ElementTypes<std::uint8_t, std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
using Bits =
    ElementTypes<bool, std::uint8_t, std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
using Numbers = ElementTypes<std::uint8_t, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                             float16, bfloat16, float, double>;
using AnyElement = ElementTypes<bool, std::uint8_t, std::int8_t, std::int16_t, std::int32_t,
                                std::int64_t, float16, bfloat16, float, double>;

/// Calls `function(std::type_identity<T>{})` with the T of `dtype`.
template <Element... Ts, typename F>
void with_element_type(ElementTypes<Ts...>, DType dtype, F&& function) {
    const bool found =
        ((dtype_of<Ts> == dtype ? (function(std::type_identity<Ts>{}), true) : false) || ...);
    if (!found) {
        throw InternalError("a dtype that type inference should have refused");
    }
}

/// What arithmetic on T is done in: floats in double, rounded to T when an op is complete.
template <Element T>
using Wide = std::conditional_t<FloatingElement<T>, double, T>;

/// Computes the result of one node from its operands, element by element, with the semantics that
/// interpreter.h states.
void compute(const Computation& computation);

// The ops that `compute` hands on: those that read elements at other places.

void reduce_sum(const Computation& computation);
void reduce_prod(const Computation& computation);
void reduce_max(const Computation& computation);
void reduce_min(const Computation& computation);
void reduce_argmax(const Computation& computation);
void reduce_argmin(const Computation& computation);
void cumulative_sum(const Computation& computation);
void cumulative_max(const Computation& computation);
void linear_recurrence(const Computation& computation);
void argsort(const Computation& computation);
void contraction(const Computation& computation);
/// The views that change the order of elements: all but reshape.
void view(const Computation& computation);
void pad(const Computation& computation);
void concat(const Computation& computation);
void interleave(const Computation& computation);
void gather(const Computation& computation);
void fold(const Computation& computation);
void scatter_add(const Computation& computation);

}  // namespace latent::codegen::reference
