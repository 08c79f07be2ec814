#pragma once

#include <concepts>
#include <cstdint>
#include <source_location>
#include <type_traits>

namespace latent {

class Tensor;

/// A C++ number on its way into the graph, where it becomes an operand without dimensions. Its
/// dtype is weak: it takes that of the tensor it meets, except that a floating number makes f32 of
/// integers and bool, and an integer makes i64 of bool. Kernels receive it as a run-time parameter,
/// so that another value compiles nothing.
class Number {
  public:
    enum class Kind : std::uint8_t { boolean, integer, floating };

    template <typename T>
        requires std::is_arithmetic_v<T>
    constexpr Number(T value)
        : kind_(std::is_same_v<T, bool> ? Kind::boolean
                                        : (std::is_integral_v<T> ? Kind::integer : Kind::floating)),
          integer_(std::is_integral_v<T> ? static_cast<std::int64_t>(value) : 0),
          floating_(static_cast<double>(value)) {}

    constexpr Kind kind() const { return kind_; }
    /// The value of a boolean or an integer.
    constexpr std::int64_t integer() const { return integer_; }
    constexpr double floating() const { return floating_; }

  private:
    Kind kind_;
    std::int64_t integer_;
    double floating_;
};

/// An argument that is a tensor or a number, together with the line of the user's code that passed
/// it. Only ever a parameter: it refers to the tensor.
class Operand {
  public:
    Operand(const Tensor& tensor, std::source_location location = std::source_location::current())
        : tensor_(&tensor), number_(0), location_(location) {}
    template <typename T>
        requires std::is_arithmetic_v<T>
    Operand(T number, std::source_location location = std::source_location::current())
        : number_(number), location_(location) {}
    Operand(const Operand&) = delete;
    Operand& operator=(const Operand&) = delete;

    bool is_tensor() const { return tensor_ != nullptr; }
    const Tensor& tensor() const { return *tensor_; }
    const Number& number() const { return number_; }
    const std::source_location& location() const { return location_; }

  private:
    const Tensor* tensor_ = nullptr;
    Number number_;
    std::source_location location_;
};

}  // namespace latent
