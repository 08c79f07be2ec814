#pragma once

#include <latent/dtype.h>
#include <latent/errors.h>
#include <latent/operand.h>
#include <latent/shape.h>
#include <latent/value_handle.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <optional>
#include <source_location>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace latent {

namespace detail {
template <typename...>
inline constexpr bool never = false;

/// A span, vector, array ...: elements of one type, side by side in memory.
template <typename Range>
concept ContiguousElements = requires(const Range& range) {
    { std::size(range) } -> std::convertible_to<std::size_t>;
    { std::data(range) } -> std::convertible_to<const void*>;
    requires Element<std::remove_cvref_t<decltype(*std::data(range))>>;
};

}  // namespace detail

class Gradients;

/// How a tensor is created: `{.requires_grad = true, .dtype = DType::f64}`.
struct TensorOptions {
    /// The tensor is one that gradients are asked for. Floating dtypes only.
    bool requires_grad = false;
    /// Without one: that of the given values, and f32 where there are none.
    std::optional<DType> dtype = std::nullopt;
};

/// A value of a given shape and dtype: either computed already, or an expression that is computed
/// when it is asked for
/// (`eval`, `item`, `data`, `to_vector`). Nothing writes into a tensor; operations make new ones.
/// Copies are cheap and name the same value. Everything const may be called from several threads at
/// once.
class Tensor {
  public:
    /// Names nothing: any use but assigning another tensor to the variable throws ValueError.
    Tensor() = default;

    /// A copy of `values`, row-major. Throws ShapeError where their number is not that of the
    /// shape.
    template <detail::ContiguousElements Range>
    static Tensor from(const Range& values, const Shape& shape, const TensorOptions& options = {},
                       std::source_location location = std::source_location::current()) {
        using T = std::remove_cvref_t<decltype(*std::data(values))>;
        return from_memory(dtype_of<T>, std::data(values), std::size(values), shape, options,
                           location);
    }
    template <Element T>
    static Tensor from(std::initializer_list<T> values, const Shape& shape,
                       const TensorOptions& options = {},
                       std::source_location location = std::source_location::current()) {
        return from_memory(dtype_of<T>, std::data(values), values.size(), shape, options, location);
    }
    static Tensor from(const std::vector<bool>& values, const Shape& shape,
                       const TensorOptions& options = {},
                       std::source_location location = std::source_location::current());
    /// A vector. (Without a location, which `{}` for an empty shape would be taken for.)
    template <detail::ContiguousElements Range>
    static Tensor from(const Range& values) {
        return from(values, Shape{std::size(values)}, {}, std::source_location{});
    }
    template <Element T>
    static Tensor from(std::initializer_list<T> values) {
        return from(values, Shape{values.size()}, {}, std::source_location{});
    }

    DType dtype() const;
    Shape shape() const;
    int rank() const;
    /// Number of elements.
    std::int64_t numel() const;
    /// Of one dimension, counted from the back if negative.
    std::int64_t extent(int axis,
                        std::source_location location = std::source_location::current()) const;
    /// A gradient can be asked through this tensor.
    bool requires_grad() const;
    /// It is computed already.
    bool is_ready() const;
    /// It names a value: false after default construction and for a moved-from tensor.
    bool is_defined() const noexcept { return static_cast<bool>(value_); }

    /// Computes the value, unless that has happened, and returns the same tensor.
    Tensor eval(std::source_location location = std::source_location::current()) const;

    /// The elements, row-major and read-only; they live as long as the tensor. Computes them first.
    /// Throws TypeError where T is not the element type of the dtype.
    template <Element T>
    std::span<const T> data(
        std::source_location location = std::source_location::current()) const& {
        const auto bytes = bytes_of(dtype_of<T>, location);
        return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
    }
    template <Element T>
    std::span<const T> data(
        std::source_location location = std::source_location::current()) const&& = delete;

    /// A copy of the elements, row-major.
    template <Element T>
    std::vector<T> to_vector(
        std::source_location location = std::source_location::current()) const {
        const std::span<const T> values = data<T>(location);
        return {values.begin(), values.end()};
    }

    /// The only element of a tensor that has one. Throws ShapeError for others, and TypeError where
    /// a floating value is asked for as an integer.
    template <Element T>
    T item(std::source_location location = std::source_location::current()) const {
        if constexpr (std::is_floating_point_v<T>) {
            return static_cast<T>(floating_item(location));
        } else {
            return static_cast<T>(integer_item(location));
        }
    }

    /// The same value, through which no gradient flows.
    Tensor detach(std::source_location location = std::source_location::current()) const;

    /// The gradients of this tensor with respect to all that requires one. Of a single element they
    /// start from one; otherwise throws GradientError.
    Gradients backward(std::source_location location = std::source_location::current()) const;
    /// They start from `cotangent`, which has the shape and dtype of this tensor.
    Gradients backward(const Tensor& cotangent,
                       std::source_location location = std::source_location::current()) const;

    /// Tensors are values: there is no way to write into one.
    template <typename... Arguments>
    void assign(Arguments&&...) const {
        static_assert(
            detail::never<Arguments...>,
            "a Tensor is a value and cannot be assigned into: rebind the variable, x = x + y, "
            "or choose elements, x = where(mask, y, x)");
    }

    // The common operations as methods; the free functions of the same names say what they do.

    Tensor sum(const Axes& axes = Axes::all(), bool keepdims = false,
               std::source_location location = std::source_location::current()) const;
    Tensor mean(const Axes& axes = Axes::all(), bool keepdims = false,
                std::source_location location = std::source_location::current()) const;
    Tensor prod(const Axes& axes = Axes::all(), bool keepdims = false,
                std::source_location location = std::source_location::current()) const;
    Tensor max(const Axes& axes = Axes::all(), bool keepdims = false,
               std::source_location location = std::source_location::current()) const;
    Tensor min(const Axes& axes = Axes::all(), bool keepdims = false,
               std::source_location location = std::source_location::current()) const;
    Tensor any(const Axes& axes = Axes::all(), bool keepdims = false,
               std::source_location location = std::source_location::current()) const;
    Tensor all(const Axes& axes = Axes::all(), bool keepdims = false,
               std::source_location location = std::source_location::current()) const;
    Tensor argmax(std::optional<int> axis = std::nullopt, bool keepdims = false,
                  std::source_location location = std::source_location::current()) const;
    Tensor argmin(std::optional<int> axis = std::nullopt, bool keepdims = false,
                  std::source_location location = std::source_location::current()) const;

    Tensor cast(DType dtype, std::source_location location = std::source_location::current()) const;
    Tensor reshape(const Shape& shape,
                   std::source_location location = std::source_location::current()) const;
    Tensor flatten(std::source_location location = std::source_location::current()) const;
    Tensor permute(const Axes& axes,
                   std::source_location location = std::source_location::current()) const;
    /// The last two dimensions change places.
    Tensor transpose(std::source_location location = std::source_location::current()) const;
    Tensor squeeze(const Axes& axes = Axes::all(),
                   std::source_location location = std::source_location::current()) const;
    Tensor expand_dims(int axis,
                       std::source_location location = std::source_location::current()) const;
    Tensor broadcast_to(const Shape& shape,
                        std::source_location location = std::source_location::current()) const;
    Tensor slice(int axis, std::optional<std::int64_t> start,
                 std::optional<std::int64_t> stop = std::nullopt, std::int64_t step = 1,
                 std::source_location location = std::source_location::current()) const;
    Tensor select(int axis, std::int64_t index,
                  std::source_location location = std::source_location::current()) const;

    // Arithmetic promotes dtypes and broadcasts shapes as NumPy does. Bool counts as i64 in it.

    friend Tensor operator+(const Operand& a, const Operand& b);
    friend Tensor operator-(const Operand& a, const Operand& b);
    friend Tensor operator*(const Operand& a, const Operand& b);
    /// True division: of integers and bool it is f32.
    friend Tensor operator/(const Operand& a, const Operand& b);
    /// The remainder of floor division: it has the sign of the divisor.
    friend Tensor operator%(const Operand& a, const Operand& b);
    friend Tensor operator-(const Operand& x);

    /// Names the new value; other tensors keep the old one.
    Tensor& operator+=(const Operand& other);
    Tensor& operator-=(const Operand& other);
    Tensor& operator*=(const Operand& other);
    Tensor& operator/=(const Operand& other);

    // Elementwise comparison; the result is bool.

    friend Tensor operator==(const Operand& a, const Operand& b);
    friend Tensor operator!=(const Operand& a, const Operand& b);
    friend Tensor operator<(const Operand& a, const Operand& b);
    friend Tensor operator<=(const Operand& a, const Operand& b);
    friend Tensor operator>(const Operand& a, const Operand& b);
    friend Tensor operator>=(const Operand& a, const Operand& b);

    // Bitwise; of bool these are the logical operations.

    friend Tensor operator&(const Operand& a, const Operand& b);
    friend Tensor operator|(const Operand& a, const Operand& b);
    friend Tensor operator^(const Operand& a, const Operand& b);
    friend Tensor operator~(const Operand& x);
    /// Logical not: true where `x` is zero.
    friend Tensor operator!(const Operand& x);

    /// The values if they are computed, else the type and 'not evaluated'. Computes nothing.
    friend std::ostream& operator<<(std::ostream& stream, const Tensor& tensor);

  private:
    friend struct detail::TensorAccess;

    explicit Tensor(detail::ValueHandle value) : value_(std::move(value)) {}

    static Tensor from_memory(DType dtype, const void* data, std::size_t count, const Shape& shape,
                              const TensorOptions& options, const std::source_location& location);
    std::span<const std::byte> bytes_of(DType dtype, const std::source_location& location) const;
    double floating_item(const std::source_location& location) const;
    std::int64_t integer_item(const std::source_location& location) const;

    detail::ValueHandle value_;
};

}  // namespace latent
