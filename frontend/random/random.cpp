#include <latent/random.h>

#include <fmt/format.h>

#include <cmath>
#include <mutex>
#include <numbers>

#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

/// The finaliser of SplitMix64. Source: https://doi.org/10.1145/2714064.2660195
constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/// Keys come from another sequence than the numbers that are drawn with the same key.
constexpr std::uint64_t key_sequence = 0xD1B54A32D192ED03ULL;
constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15ULL;

/// The default generator of the process.
class DefaultGenerator {
  public:
    static DefaultGenerator& instance() {
        static DefaultGenerator generator;
        return generator;
    }
    void restart(std::uint64_t seed) {
        const std::lock_guard lock(mutex_);
        key_ = Key(seed);
        draws_ = 0;
    }
    Key next() {
        const std::lock_guard lock(mutex_);
        return fold_in(key_, draws_++);
    }

  private:
    std::mutex mutex_;
    Key key_{0};
    std::uint64_t draws_ = 0;
};

thread_local SeedScope* innermost_scope = nullptr;

/// Random numbers at each position of a shape.
class Draw {
  public:
    Draw(Key key, const Shape& shape, std::string_view op, const std::source_location& location)
        : key_(ir::scalar(ir::Literal(DType::i64, static_cast<std::int64_t>(key.bits())), location),
               location),
          counter_(row_major_positions(shape, op, location)) {}

    const Expression& counter() const { return counter_; }

    /// 32 random bits, as i32.
    Expression bits(const Expression& counter) const {
        return detail::apply(Op::random_bits, key_, counter);
    }

    /// The upper `count` of 32 random bits, as a number.
    Expression leading_bits(const Expression& counter, int count, DType dtype) const {
        const Expression word = bits(counter);
        const Expression shifted =
            detail::apply(Op::shift_right, word, detail::literal(32 - count, word));
        const double mask = static_cast<double>((std::int64_t{1} << count) - 1);
        return detail::cast(detail::apply(Op::bitwise_and, shifted, detail::literal(mask, word)),
                            dtype);
    }

    /// In [0, 1), with as many random bits as the significand of the dtype holds.
    Expression uniform(const Expression& counter, DType dtype) const {
        if (dtype != DType::f64) {
            const int bits = dtype == DType::f32 ? 24 : dtype == DType::f16 ? 11 : 8;
            return leading_bits(counter, bits, dtype) * std::ldexp(1.0, -bits);
        }
        const Expression high = leading_bits(2.0 * counter, 27, dtype);
        const Expression low = leading_bits(2.0 * counter + 1.0, 26, dtype);
        return (high * 0x1p26 + low) * 0x1p-53;
    }

  private:
    static Expression row_major_positions(const Shape& shape, std::string_view op,
                                          const std::source_location& location) {
        detail::require_shape(shape.span(), DType::i64, op, location);
        const std::int64_t count = ir::element_count(shape.span());
        return {ir::reshape(ir::iota(DType::i64, count, location), shape.span(), location),
                location};
    }

    Expression key_;
    Expression counter_;
};

Tensor uniform_numbers(Key key, const Shape& shape, const TensorOptions& options,
                       std::string_view op, const std::source_location& location) {
    const Draw draw(key, shape, op, location);
    const DType dtype = detail::floating_dtype(options, op, location);
    return detail::created(draw.uniform(draw.counter(), dtype), options, op);
}

Tensor normal_numbers(Key key, const Shape& shape, const TensorOptions& options,
                      std::string_view op, const std::source_location& location) {
    const Draw draw(key, shape, op, location);
    const DType dtype = detail::floating_dtype(options, op, location);
    const DType wide = detail::computing_dtype(dtype);
    const Expression first = draw.uniform(2.0 * draw.counter(), wide);
    const Expression second = draw.uniform(2.0 * draw.counter() + 1.0, wide);
    const Expression radius = detail::sqrt(-2.0 * detail::log(1.0 - first));
    const Expression angle = 2 * std::numbers::pi * second;
    const Expression value = radius * detail::apply(Op::cos, angle);
    return detail::created(detail::cast(value, dtype), options, op);
}

void require_probability(double probability, std::string_view op,
                         const std::source_location& location) {
    if (!(probability >= 0 && probability <= 1)) {
        ir::raise<ValueError>(location, fmt::format("{}: {} is no probability", op, probability));
    }
}

/// True with the given probability.
Expression is_drawn(Key key, const Shape& shape, double probability, std::string_view op,
                    const std::source_location& location) {
    const Draw draw(key, shape, op, location);
    const Expression chance = draw.uniform(draw.counter(), DType::f32);
    return chance < detail::scalar(probability, chance);
}

}  // namespace

Key fold_in(Key key, std::uint64_t number) {
    return Key(mix(mix(key.bits() ^ key_sequence) + (number + 1) * golden_ratio));
}

std::vector<Key> split(Key key, std::size_t count) {
    std::vector<Key> keys;
    for (std::size_t i = 0; i < count; ++i) {
        keys.push_back(fold_in(key, i));
    }
    return keys;
}

void manual_seed(std::uint64_t seed) {
    DefaultGenerator::instance().restart(seed);
}

Key next_key() {
    return innermost_scope != nullptr ? fold_in(innermost_scope->key_, innermost_scope->draws_++)
                                      : DefaultGenerator::instance().next();
}

SeedScope::SeedScope(std::uint64_t seed) : key_(seed), outer_(innermost_scope) {
    innermost_scope = this;
}

SeedScope::~SeedScope() {
    innermost_scope = outer_;
}

Tensor uniform(Key key, const Shape& shape, const TensorOptions& options,
               std::source_location location) {
    return uniform_numbers(key, shape, options, "uniform", location);
}

Tensor normal(Key key, const Shape& shape, const TensorOptions& options,
              std::source_location location) {
    return normal_numbers(key, shape, options, "normal", location);
}

Tensor bernoulli(Key key, const Shape& shape, double probability, std::source_location location) {
    require_probability(probability, "bernoulli", location);
    return wrap(is_drawn(key, shape, probability, "bernoulli", location));
}

Tensor dropout(Key key, const Tensor& tensor, double probability, std::source_location location) {
    require_probability(probability, "dropout", location);
    return detail::composed(tensor, location, [&](const Expression& x) {
        const Expression is_kept =
            is_drawn(key, x.shape().span(), 1 - probability, "dropout", location);
        return detail::select(is_kept, x / detail::scalar(1 - probability, x),
                              detail::literal(0, x));
    });
}

Tensor randint(Key key, const Shape& shape, std::int64_t low, std::int64_t high,
               const TensorOptions& options, std::source_location location) {
    std::int64_t range = 0;
    if (__builtin_sub_overflow(high, low, &range) || range < 1 || range > (std::int64_t{1} << 31)) {
        ir::raise<ValueError>(
            location,
            fmt::format("randint: [{}, {}) must hold between 1 and 2^31 integers", low, high));
    }
    const Draw draw(key, shape, "randint", location);
    const Expression word = draw.leading_bits(draw.counter(), 31, DType::i64);
    const Expression scaled = word * detail::scalar_of(range, DType::i64, "randint", location);
    const Expression offset = detail::apply(Op::shift_right, scaled, detail::literal(31, scaled));
    const Expression value = offset + detail::scalar_of(low, DType::i64, "randint", location);
    return detail::created(detail::cast(value, options.dtype.value_or(DType::i64)), options,
                           "randint");
}

Tensor rand(const Shape& shape, const TensorOptions& options, std::source_location location) {
    return uniform_numbers(next_key(), shape, options, "rand", location);
}

Tensor randn(const Shape& shape, const TensorOptions& options, std::source_location location) {
    return normal_numbers(next_key(), shape, options, "randn", location);
}

Tensor randint(const Shape& shape, std::int64_t low, std::int64_t high,
               const TensorOptions& options, std::source_location location) {
    return randint(next_key(), shape, low, high, options, location);
}

Tensor dropout(const Tensor& x, double probability, std::source_location location) {
    return dropout(next_key(), x, probability, location);
}

}  // namespace latent
