#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

#include "ir/builder.h"
#include "ir/size_limits.h"

// What shape rules are written with. Internal to infer*.cpp.

namespace latent::ir {

/// One call of `infer`, with what its error messages need.
class Inference {
  public:
    Inference(Op op, const Attributes& attributes, std::span<const Value> operands,
              const std::source_location& location)
        : op_(op), attributes_(attributes), operands_(operands), location_(location) {}

    Type result() const {
        check_operand_count();
        Type result = inferred();
        // An element of the operands' shape that is no larger than theirs needs no other look.
        const bool is_countable_already = category(op_) == Category::binary ||
                                          category(op_) == Category::compare ||
                                          category(op_) == Category::ternary;
        if (!is_countable_already && !is_countable(result.shape.span(), result.dtype)) {
            fail<ShapeError>("shape {} of {} has 2^63 bytes or more", to_string(result.shape),
                             name(result.dtype));
        }
        return result;
    }

  private:
    Type inferred() const {
        switch (category(op_)) {
            case Category::leaf:
                return leaf();
            case Category::unary:
                return unary();
            case Category::binary:
                return binary();
            case Category::compare:
                return {DType::boolean, same_type().shape};
            case Category::ternary:
                return ternary();
            case Category::reduce:
                return reduce();
            case Category::scan:
                return scan();
            case Category::contract:
                return contraction();
            case Category::view:
            case Category::index:
                return moved();
            case Category::boundary:
                return type(0);
        }
        throw InternalError("an op without a category");
    }

    template <typename E, typename... Args>
    [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
        raise<E>(location_, fmt::format("{}: {}", name(op_),
                                        fmt::format(format, std::forward<Args>(args)...)));
    }

    template <typename A>
    const A& as() const {
        if (!std::holds_alternative<A>(attributes_)) {
            fail<InternalError>("attributes of another op");
        }
        return std::get<A>(attributes_);
    }

    const Type& type(std::size_t i) const { return operands_[i].type(); }
    std::string text(std::size_t i) const { return to_string(type(i)); }

    void check_operand_count() const {
        const int expected = info(op_).operands;
        if (expected < 0 ? operands_.empty()
                         : operands_.size() != static_cast<std::size_t>(expected)) {
            fail<ValueError>("takes {} operands, got {}",
                             expected < 0 ? std::string("one or more") : std::to_string(expected),
                             operands_.size());
        }
    }

    const Type& same_type() const {
        for (std::size_t i = 1; i < operands_.size(); ++i) {
            if (type(i).shape != type(0).shape) {
                fail<ShapeError>("shapes {} and {} differ", to_string(type(0).shape),
                                 to_string(type(i).shape));
            }
            if (type(i).dtype != type(0).dtype) {
                fail<TypeError>("dtypes {} and {} differ", name(type(0).dtype),
                                name(type(i).dtype));
            }
        }
        return type(0);
    }

    void require_dtype(bool holds, std::string_view wanted) const {
        if (!holds) {
            fail<TypeError>("takes {}, got {}", wanted, name(type(0).dtype));
        }
    }

    void require_extents(std::span<const std::int64_t> shape) const {
        for (const std::int64_t extent : shape) {
            if (extent < 0) {
                fail<ShapeError>("shape {} has a negative extent", to_string(shape));
            }
        }
        if (!is_countable(shape, DType::boolean)) {
            fail<ShapeError>("shape {} has 2^63 elements or more", to_string(shape));
        }
    }

    /// a + b, or ShapeError.
    std::int64_t sum(std::int64_t a, std::int64_t b) const {
        std::int64_t result = 0;
        if (__builtin_add_overflow(a, b, &result)) {
            fail<ShapeError>("extents {} and {} add up to 2^63 or more", a, b);
        }
        return result;
    }
    /// a * b, or ShapeError.
    std::int64_t product(std::int64_t a, std::int64_t b) const {
        std::int64_t result = 0;
        if (__builtin_mul_overflow(a, b, &result)) {
            fail<ShapeError>("the product of extents {} and {} is 2^63 or more", a, b);
        }
        return result;
    }
    /// Of a window, from its first element to its last.
    std::int64_t span(std::int64_t size, std::int64_t dilation) const {
        return sum(product(dilation, size - 1), 1);
    }

    /// Axes in range and without repeats.
    void require_axes(std::span<const std::int64_t> axes, std::size_t rank) const {
        for (std::size_t i = 0; i < axes.size(); ++i) {
            if (axes[i] < 0 || axes[i] >= static_cast<std::int64_t>(rank)) {
                fail<ShapeError>("axis {} is out of range for a shape of rank {}", axes[i], rank);
            }
            if (std::find(axes.begin(), axes.begin() + static_cast<std::ptrdiff_t>(i), axes[i]) !=
                axes.begin() + static_cast<std::ptrdiff_t>(i)) {
                fail<ShapeError>("axis {} is named twice in {}", axes[i], to_string(axes));
            }
        }
    }

    void require_increasing(std::span<const std::int64_t> axes) const {
        if (!std::is_sorted(axes.begin(), axes.end())) {
            fail<ShapeError>("axes {} must increase", to_string(axes));
        }
    }

    void require_one_each(std::size_t count, std::string_view what) const {
        if (count != type(0).rank()) {
            fail<ShapeError>("{} {} given for an operand {}", count, what, text(0));
        }
    }

    // infer.cpp
    Type leaf() const;
    Type unary() const;
    Type binary() const;
    Type ternary() const;
    Type reduce() const;
    Type scan() const;
    Type contraction() const;
    // infer_movement.cpp
    Type moved() const;
    Type permute() const;
    Type reshape() const;
    Type broadcast() const;
    Type slice() const;
    Type window() const;
    Type fold() const;
    Type pad() const;
    Type concat() const;
    Type interleave() const;
    Shape gathered_shape(std::int64_t axis) const;
    Type scatter_add() const;

    Op op_;
    const Attributes& attributes_;
    std::span<const Value> operands_;
    const std::source_location& location_;
};

}  // namespace latent::ir
