#include <latent/creation.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "frontend/tensor/arguments.h"
#include "ir/size_limits.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;

Tensor literal_everywhere(std::int64_t value, const Shape& shape, const TensorOptions& options,
                          std::string_view op, const std::source_location& location) {
    const ir::Literal literal(options.dtype.value_or(DType::f32), value);
    detail::require_shape(shape.span(), literal.dtype(), op, location);
    return detail::created({ir::full(literal, shape.span(), location), location}, options, op);
}

DType range_dtype(std::initializer_list<Number> numbers, const TensorOptions& options) {
    DType dtype = DType::i64;
    for (const Number& number : numbers) {
        dtype = detail::weak_dtype(dtype, number.kind());
    }
    return options.dtype.value_or(dtype);
}

/// How many of start, start + step, ... come before stop; nothing where they cannot be counted.
std::optional<std::int64_t> range_count(const Number& start, const Number& stop,
                                        const Number& step) {
    if (start.kind() == Number::Kind::floating || stop.kind() == Number::Kind::floating ||
        step.kind() == Number::Kind::floating) {
        const double count = std::ceil((stop.floating() - start.floating()) / step.floating());
        if (!(count < 0x1p62)) {
            return std::nullopt;
        }
        return count > 0 ? static_cast<std::int64_t>(count) : 0;
    }
    const bool is_rising = step.integer() > 0;
    const std::int64_t first = is_rising ? start.integer() : stop.integer();
    const std::int64_t last = is_rising ? stop.integer() : start.integer();
    if (first >= last) {
        return 0;
    }
    // Unsigned, for the distance may have 64 bits.
    const std::uint64_t distance =
        static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) - 1;
    const auto towards = static_cast<std::uint64_t>(step.integer());
    const std::uint64_t stride = is_rising ? towards : 0 - towards;
    const std::uint64_t count = distance / stride + 1;
    return count < (std::uint64_t{1} << 62) ? std::optional(static_cast<std::int64_t>(count))
                                            : std::nullopt;
}

void require_number_dtype(DType dtype, std::string_view op, const std::source_location& location) {
    if (dtype == DType::boolean) {
        ir::raise<TypeError>(location, fmt::format("{}: takes a number dtype, got bool", op));
    }
}

}  // namespace

namespace detail {

Tensor created(const Expression& value, const TensorOptions& options, std::string_view op) {
    return wrap(options.requires_grad ? gradient_leaf(value, op) : value);
}

}  // namespace detail

Tensor zeros(const Shape& shape, const TensorOptions& options, std::source_location location) {
    return literal_everywhere(0, shape, options, "zeros", location);
}

Tensor ones(const Shape& shape, const TensorOptions& options, std::source_location location) {
    return literal_everywhere(1, shape, options, "ones", location);
}

Tensor full(const Shape& shape, Number value, const TensorOptions& options,
            std::source_location location) {
    const DType dtype = options.dtype.value_or(detail::default_dtype(value.kind()));
    detail::require_shape(shape.span(), dtype, "full", location);
    const Expression number = detail::scalar_of(value, dtype, "full", location);
    return detail::created(detail::broadcast_to(number, shape.span(), "full"), options, "full");
}

Tensor zeros_like(const Tensor& x, std::source_location location) {
    const ir::Type& type = detail::node_of(x, location).type();
    return zeros(Shape(type.shape.span()), {.dtype = type.dtype}, location);
}

Tensor ones_like(const Tensor& x, std::source_location location) {
    const ir::Type& type = detail::node_of(x, location).type();
    return ones(Shape(type.shape.span()), {.dtype = type.dtype}, location);
}

Tensor eye(std::int64_t n, const TensorOptions& options, std::source_location location) {
    return eye(n, n, options, location);
}

Tensor eye(std::int64_t n, std::int64_t m, const TensorOptions& options,
           std::source_location location) {
    const ir::Shape shape{n, m};
    detail::require_shape(shape.span(), DType::i64, "eye", location);
    const Expression on_diagonal = detail::positions(DType::i64, shape.span(), 0, location) ==
                                   detail::positions(DType::i64, shape.span(), 1, location);
    return detail::created(detail::cast(on_diagonal, options.dtype.value_or(DType::f32)), options,
                           "eye");
}

Tensor arange(Number start, Number stop, Number step, const TensorOptions& options,
              std::source_location location) {
    if (step.floating() == 0) {
        ir::raise<ValueError>(location, "arange: the step must not be 0");
    }
    const DType dtype = range_dtype({start, stop, step}, options);
    require_number_dtype(dtype, "arange", location);
    const std::optional<std::int64_t> count = range_count(start, stop, step);
    if (!count || !ir::is_countable(std::span(&*count, 1), dtype)) {
        ir::raise<ValueError>(location,
                              fmt::format("arange: from {} to {} by {} are no number of elements",
                                          start.floating(), stop.floating(), step.floating()));
    }
    if (is_integer(dtype) && *count != 0) {
        const double last = start.floating() + static_cast<double>(*count - 1) * step.floating();
        const auto [least, largest] = integer_range(dtype);
        if (std::min(start.floating(), last) < static_cast<double>(least) ||
            std::max(start.floating(), last) > static_cast<double>(largest)) {
            ir::raise<ValueError>(location, fmt::format("arange: from {} to {} by {} do not fit "
                                                        "dtype {}",
                                                        start.floating(), stop.floating(),
                                                        step.floating(), name(dtype)));
        }
    }
    const Expression counter{ir::iota(dtype, *count, location), location};
    const Expression values = detail::scalar_of(start, dtype, "arange", location) +
                              counter * detail::scalar_of(step, dtype, "arange", location);
    return detail::created(values, options, "arange");
}

Tensor arange(Number stop, const TensorOptions& options, std::source_location location) {
    return arange(0, stop, 1, options, location);
}

Tensor linspace(double start, double stop, std::int64_t count, const TensorOptions& options,
                std::source_location location) {
    if (count < 0) {
        ir::raise<ValueError>(
            location, fmt::format("linspace: the count must not be negative, got {}", count));
    }
    const DType dtype = detail::floating_dtype(options, "linspace", location);
    detail::require_shape(std::span(&count, 1), dtype, "linspace", location);
    const double last = static_cast<double>(count - 1);
    const Expression counter{ir::iota(detail::computing_dtype(dtype), count, location), location};
    const Expression step = detail::scalar(count > 1 ? (stop - start) / last : 0, counter);
    // From the nearer end, so that both are met exactly.
    const Expression from_start = detail::scalar(start, counter) + counter * step;
    const Expression from_stop =
        detail::scalar(stop, counter) - (detail::scalar(last, counter) - counter) * step;
    const Expression is_first_half =
        counter < detail::scalar(static_cast<double>(count) / 2, counter);
    const Expression value = detail::select(is_first_half, from_start, from_stop);
    return detail::created(detail::cast(value, dtype), options, "linspace");
}

Tensor leaf(const Tensor& x, std::source_location location) {
    return wrap(detail::gradient_leaf(detail::expression(x, location), "leaf"));
}

}  // namespace latent
