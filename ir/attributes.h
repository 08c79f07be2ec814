#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include "ir/types.h"

namespace latent::ir {

/// A number of a given dtype: floats as double, integers and booleans as int64.
class Literal {
  public:
    Literal() = default;
    Literal(DType dtype, double value);
    Literal(DType dtype, std::int64_t value);
    static Literal zero(DType dtype) { return {dtype, std::int64_t{0}}; }
    static Literal one(DType dtype) { return {dtype, std::int64_t{1}}; }

    DType dtype() const { return dtype_; }
    double as_double() const;
    std::int64_t as_int() const;
    /// Bitwise, so that NaN equals itself and the zeros differ.
    bool operator==(const Literal&) const = default;
    std::uint64_t bits() const { return bits_; }

  private:
    DType dtype_ = DType::f32;
    std::uint64_t bits_ = 0;
};

std::string to_string(const Literal& literal);

/// Name and address of one attribute. Equality, hash, printing and parsing walk over `fields()` of
/// each struct below and are written once, in attributes.cpp.
template <typename S, typename T>
struct Field {
    std::string_view name;
    T S::* member;
};
template <typename S, typename T>
Field(const char*, T S::*) -> Field<S, T>;

struct NoAttributes {
    static constexpr auto fields() { return std::tuple(); }
    bool operator==(const NoAttributes&) const = default;
};

struct ConstantAttributes {
    Literal value;
    static constexpr auto fields() {
        return std::tuple(Field{"value", &ConstantAttributes::value});
    }
    bool operator==(const ConstantAttributes&) const = default;
};

/// The value is no part of a structural hash: it may differ from call to call of the same program.
struct ScalarAttributes {
    Literal value;
    static constexpr auto fields() { return std::tuple(Field{"value", &ScalarAttributes::value}); }
    bool operator==(const ScalarAttributes&) const = default;
};

struct ParameterAttributes {
    std::int64_t index = 0;
    DType dtype = DType::f32;
    Shape shape;
    static constexpr auto fields() {
        return std::tuple(Field{"index", &ParameterAttributes::index},
                          Field{"dtype", &ParameterAttributes::dtype},
                          Field{"shape", &ParameterAttributes::shape});
    }
    bool operator==(const ParameterAttributes&) const = default;
};

struct BufferAttributes {
    DType dtype = DType::f32;
    Shape shape;
    static constexpr auto fields() {
        return std::tuple(Field{"dtype", &BufferAttributes::dtype},
                          Field{"shape", &BufferAttributes::shape});
    }
    bool operator==(const BufferAttributes&) const = default;
};

/// Result [extent]: element i is i. Other ranks are made by reshape and broadcast.
struct IotaAttributes {
    DType dtype = DType::i64;
    std::int64_t extent = 0;
    static constexpr auto fields() {
        return std::tuple(Field{"dtype", &IotaAttributes::dtype},
                          Field{"extent", &IotaAttributes::extent});
    }
    bool operator==(const IotaAttributes&) const = default;
};

/// Float to integer truncates towards zero, saturates, and takes NaN to 0; to boolean is `!= 0`.
struct CastAttributes {
    DType dtype = DType::f32;
    static constexpr auto fields() { return std::tuple(Field{"dtype", &CastAttributes::dtype}); }
    bool operator==(const CastAttributes&) const = default;
};

/// Axes in increasing order.
struct ReduceAttributes {
    Axes axes;
    static constexpr auto fields() { return std::tuple(Field{"axes", &ReduceAttributes::axes}); }
    bool operator==(const ReduceAttributes&) const = default;
};

/// From the first element along `axis` to the last; `reverse`: from the last to the first. Of
/// argsort: in decreasing order, elements that are equal still by position.
struct ScanAttributes {
    std::int64_t axis = 0;
    bool reverse = false;
    static constexpr auto fields() {
        return std::tuple(Field{"axis", &ScanAttributes::axis},
                          Field{"reverse", &ScanAttributes::reverse});
    }
    bool operator==(const ScanAttributes&) const = default;
};

/// Einsum labels (small integers) of the dimensions of both operands and of the result. A label
/// occurs at most once in each. In both operands and the result: batch; in one operand and the
/// result: free; in both operands alone: contracted. Every label of the result is in an operand,
/// and every label of an operand in the other operand or the result.
struct ContractionAttributes {
    Dims lhs;
    Dims rhs;
    Dims out;
    static constexpr auto fields() {
        return std::tuple(Field{"lhs", &ContractionAttributes::lhs},
                          Field{"rhs", &ContractionAttributes::rhs},
                          Field{"out", &ContractionAttributes::out});
    }
    bool operator==(const ContractionAttributes&) const = default;
};

/// Dimension i of the result is dimension permutation[i] of the operand.
struct PermuteAttributes {
    Axes permutation;
    static constexpr auto fields() {
        return std::tuple(Field{"permutation", &PermuteAttributes::permutation});
    }
    bool operator==(const PermuteAttributes&) const = default;
};

struct ReshapeAttributes {
    Shape shape;
    static constexpr auto fields() { return std::tuple(Field{"shape", &ReshapeAttributes::shape}); }
    bool operator==(const ReshapeAttributes&) const = default;
};

/// Dimension i of the operand is dimension axes[i] of the result, of equal extent; axes increase.
/// The operand repeats along the other dimensions. (An extent of 1 that is to grow is reshaped away
/// first.)
struct BroadcastAttributes {
    Shape shape;
    Axes axes;
    static constexpr auto fields() {
        return std::tuple(Field{"shape", &BroadcastAttributes::shape},
                          Field{"axes", &BroadcastAttributes::axes});
    }
    bool operator==(const BroadcastAttributes&) const = default;
};

/// Elements start, start + step, ... below stop, along every dimension; steps are positive.
struct SliceAttributes {
    Dims start;
    Dims stop;
    Dims step;
    static constexpr auto fields() {
        return std::tuple(Field{"start", &SliceAttributes::start},
                          Field{"stop", &SliceAttributes::stop},
                          Field{"step", &SliceAttributes::step});
    }
    bool operator==(const SliceAttributes&) const = default;
};

struct FlipAttributes {
    Axes axes;
    static constexpr auto fields() { return std::tuple(Field{"axes", &FlipAttributes::axes}); }
    bool operator==(const FlipAttributes&) const = default;
};

/// Windows of size[i] elements, dilation[i] apart, every stride[i] elements along axes[i]. In the
/// result, dimension axes[i] counts the windows, (extent - dilation * (size - 1) - 1) / stride + 1,
/// and the sizes follow as trailing dimensions.
struct WindowAttributes {
    Axes axes;
    Dims size;
    Dims stride;
    Dims dilation;
    static constexpr auto fields() {
        return std::tuple(Field{"axes", &WindowAttributes::axes},
                          Field{"size", &WindowAttributes::size},
                          Field{"stride", &WindowAttributes::stride},
                          Field{"dilation", &WindowAttributes::dilation});
    }
    bool operator==(const WindowAttributes&) const = default;
};

/// Per dimension: low elements before (negative: cut off), interior between neighbours, high after
/// (negative: cut off).
struct PadAttributes {
    Dims low;
    Dims high;
    Dims interior;
    static constexpr auto fields() {
        return std::tuple(Field{"low", &PadAttributes::low}, Field{"high", &PadAttributes::high},
                          Field{"interior", &PadAttributes::interior});
    }
    bool operator==(const PadAttributes&) const = default;
};

/// Of concat and interleave.
struct ConcatAttributes {
    std::int64_t axis = 0;
    static constexpr auto fields() { return std::tuple(Field{"axis", &ConcatAttributes::axis}); }
    bool operator==(const ConcatAttributes&) const = default;
};

/// The dimensions of the indices take the place of `axis`. Indices are clamped into [0, extent).
struct GatherAttributes {
    std::int64_t axis = 0;
    static constexpr auto fields() { return std::tuple(Field{"axis", &GatherAttributes::axis}); }
    bool operator==(const GatherAttributes&) const = default;
};

/// The transpose of window with the same attributes over an operand with `extent[i]` elements along
/// axes[i].
struct FoldAttributes {
    Axes axes;
    Dims size;
    Dims stride;
    Dims dilation;
    Dims extent;
    static constexpr auto fields() {
        return std::tuple(
            Field{"axes", &FoldAttributes::axes}, Field{"size", &FoldAttributes::size},
            Field{"stride", &FoldAttributes::stride}, Field{"dilation", &FoldAttributes::dilation},
            Field{"extent", &FoldAttributes::extent});
    }
    bool operator==(const FoldAttributes&) const = default;
};

/// result = operand with each update added where gather(operand, indices) with this axis would have
/// read; indices are clamped, and updates for one element are added in row-major order of the
/// indices.
struct ScatterAttributes {
    std::int64_t axis = 0;
    static constexpr auto fields() { return std::tuple(Field{"axis", &ScatterAttributes::axis}); }
    bool operator==(const ScatterAttributes&) const = default;
};

class GradientRule;

/// The rule is no part of structure: what is computed does not depend on it. Null in text, where no
/// gradient can be asked through the node.
struct CustomVjpAttributes {
    std::shared_ptr<const GradientRule> rule;
    static constexpr auto fields() { return std::tuple(); }
    bool operator==(const CustomVjpAttributes&) const = default;
};

using Attributes =
    std::variant<NoAttributes, ConstantAttributes, ScalarAttributes, ParameterAttributes,
                 BufferAttributes, IotaAttributes, CastAttributes, ReduceAttributes, ScanAttributes,
                 ContractionAttributes, PermuteAttributes, ReshapeAttributes, BroadcastAttributes,
                 SliceAttributes, FlipAttributes, WindowAttributes, PadAttributes, ConcatAttributes,
                 GatherAttributes, FoldAttributes, ScatterAttributes, CustomVjpAttributes>;

std::uint64_t hash(const Attributes& attributes);

/// `{axes=[0,1]}`, or nothing for NoAttributes.
std::string to_string(const Attributes& attributes);

/// Mixes `value` into `seed`.
constexpr std::uint64_t hash_combine(std::uint64_t seed, std::uint64_t value) {
    seed ^= value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2);
    seed *= 0xff51afd7ed558ccdULL;
    return seed ^ (seed >> 32);
}

}  // namespace latent::ir
