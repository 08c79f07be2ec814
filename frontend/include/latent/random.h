#pragma once

#include <latent/operand.h>
#include <latent/tensor.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <utility>
#include <vector>

/// Random numbers are values as well: a draw is a function of a key, a shape and nothing else, the
/// same on every machine and for any number of threads. Draw once from a key; `split` it for more.
/// The functions without a key take the next key of the default generator.
namespace latent {

/// Names a stream of random numbers. Another key compiles nothing.
class Key {
  public:
    explicit constexpr Key(std::uint64_t seed) : bits_(seed) {}
    constexpr std::uint64_t bits() const { return bits_; }
    bool operator==(const Key&) const = default;

  private:
    std::uint64_t bits_;
};

/// The key that `key` and a number make: an epoch, a layer, a worker.
Key fold_in(Key key, std::uint64_t number);
/// `count` keys that are independent of each other and of `key`.
std::vector<Key> split(Key key, std::size_t count);
/// `auto [a, b] = split<2>(key);`
template <std::size_t Count>
std::array<Key, Count> split(Key key) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<Key, Count>{fold_in(key, I)...};
    }(std::make_index_sequence<Count>());
}

/// Restarts the default generator of the process. Without it, it starts from 0.
void manual_seed(std::uint64_t seed);
/// The next key of the default generator.
Key next_key();

/// Replaces the default generator for this thread and the lifetime of the object.
class SeedScope {
  public:
    explicit SeedScope(std::uint64_t seed);
    SeedScope(const SeedScope&) = delete;
    SeedScope& operator=(const SeedScope&) = delete;
    ~SeedScope();

  private:
    friend Key next_key();
    Key key_;
    std::uint64_t draws_ = 0;
    SeedScope* outer_;
};

/// Uniform in [0, 1): of f16 11 random bits, of bf16 8, of f32 24, of f64 53.
Tensor uniform(Key key, const Shape& shape, const TensorOptions& options = {},
               std::source_location location = std::source_location::current());
/// Normal with mean 0 and standard deviation 1, by the method of Box and Muller
/// (https://doi.org/10.1214/aoms/1177706645).
Tensor normal(Key key, const Shape& shape, const TensorOptions& options = {},
              std::source_location location = std::source_location::current());
/// Normal with mean 0 and standard deviation 1, of which only what lies in [low, high] is drawn:
/// the quantile function of uniform numbers. ValueError unless low < high and the interval has a
/// probability that the dtype can tell from 0. Source of the quantile function:
/// https://doi.org/10.2307/2347330
Tensor truncated_normal(Key key, const Shape& shape, double low = -2, double high = 2,
                        const TensorOptions& options = {},
                        std::source_location location = std::source_location::current());
/// Gamma distributed with scale 1: the density is x^(a - 1) exp(-x) / Gamma(a) of the concentration
/// a, which broadcasts to `shape`; NaN unless it is positive. The dtype is that of the options,
/// else of a floating concentration, else f32. No gradient flows to the concentration. Eight tries
/// of rejection for each element; that all fail, when it gets a value near the mode, has a
/// probability below 1e-10. Source: https://doi.org/10.1145/358407.358414
Tensor gamma(Key key, const Shape& shape, const Operand& concentration,
             const TensorOptions& options = {},
             std::source_location location = std::source_location::current());
/// True with the given probability; bool.
Tensor bernoulli(Key key, const Shape& shape, double probability,
                 std::source_location location = std::source_location::current());
/// `x` with each element set to 0 with the given probability, and divided by the probability of the
/// others, so that the mean stays. Of integers and bool it is f32. ValueError unless the
/// probability is in [0, 1]. Source: https://jmlr.org/papers/v15/srivastava14a.html
Tensor dropout(Key key, const Tensor& x, double probability = 0.5,
               std::source_location location = std::source_location::current());
/// Integers in [low, high), uniform to 2^-31 of their number; i64. ValueError unless 0 < high - low
/// <= 2^31.
Tensor randint(Key key, const Shape& shape, std::int64_t low, std::int64_t high,
               const TensorOptions& options = {},
               std::source_location location = std::source_location::current());

/// A position along an axis, i64, drawn with probabilities softmax(logits): the largest of logits
/// with Gumbel noise. The axis is gone from the result. Floating dtypes; integers and bool are cast
/// to f32.
Tensor categorical(Key key, const Tensor& logits, int axis = -1,
                   std::source_location location = std::source_location::current());
/// 0, 1, ... `count` - 1 in a random order; i64. ValueError where `count` is negative.
Tensor permutation(Key key, std::int64_t count,
                   std::source_location location = std::source_location::current());
/// The parts of `x` along an axis in a random order.
Tensor permutation(Key key, const Tensor& x, int axis = 0,
                   std::source_location location = std::source_location::current());

// With the next key of the default generator.

Tensor rand(const Shape& shape, const TensorOptions& options = {},
            std::source_location location = std::source_location::current());
Tensor randn(const Shape& shape, const TensorOptions& options = {},
             std::source_location location = std::source_location::current());
Tensor randint(const Shape& shape, std::int64_t low, std::int64_t high,
               const TensorOptions& options = {},
               std::source_location location = std::source_location::current());

Tensor dropout(const Tensor& x, double probability = 0.5,
               std::source_location location = std::source_location::current());

}  // namespace latent
