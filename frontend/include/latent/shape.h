#pragma once

#include <latent/errors.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace latent {

/// The largest number of dimensions of a tensor.
inline constexpr std::size_t max_rank = 12;

namespace detail {

/// An element of a braced list of integers of any type: `{n, 64}` works for an `n` of type
/// `std::size_t` too.
struct Integer {
    template <std::integral T>
    constexpr Integer(T number) : value(static_cast<std::int64_t>(number)) {}
    std::int64_t value;
};

/// At most `max_rank` integers, without heap memory.
class SmallList {
  public:
    constexpr SmallList() = default;
    constexpr SmallList(std::initializer_list<Integer> values) {
        for (const Integer& value : values) {
            push_back(value.value);
        }
    }
    template <std::integral T, std::size_t Extent>
    constexpr SmallList(std::span<T, Extent> values) {
        for (const T value : values) {
            push_back(static_cast<std::int64_t>(value));
        }
    }
    template <std::integral T>
    constexpr SmallList(const std::vector<T>& values) : SmallList(std::span(values)) {}

    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr const std::int64_t* data() const { return values_.data(); }
    constexpr const std::int64_t* begin() const { return data(); }
    constexpr const std::int64_t* end() const { return data() + size_; }
    constexpr std::int64_t operator[](std::size_t i) const { return values_[i]; }
    constexpr std::int64_t front() const { return values_[0]; }
    constexpr std::int64_t back() const { return values_[size_ - 1]; }
    constexpr std::span<const std::int64_t> span() const { return {data(), size_}; }

    /// Throws ShapeError beyond `max_rank`.
    constexpr void push_back(std::int64_t value) {
        if (size_ == max_rank) {
            throw ShapeError("a tensor has at most " + std::to_string(max_rank) + " dimensions");
        }
        values_[size_++] = value;
    }

    friend constexpr bool operator==(const SmallList& a, const SmallList& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

  private:
    std::array<std::int64_t, max_rank> values_{};
    std::size_t size_ = 0;
};

}  // namespace detail

/// Extents of a tensor, outermost first: `Shape{5, 10}`. A shape without dimensions has one
/// element; an extent may be 0.
class Shape : public detail::SmallList {
  public:
    using SmallList::SmallList;
};

/// `[5,10]`
std::string to_string(const Shape& shape);
std::ostream& operator<<(std::ostream& stream, const Shape& shape);

/// Dimensions of a tensor: one number or a list, negative from the back, or all of them.
class Axes : public detail::SmallList {
  public:
    template <std::integral T>
    constexpr Axes(T axis) : SmallList{axis} {}
    constexpr Axes(std::initializer_list<detail::Integer> axes) : SmallList(axes) {}
    template <std::integral T>
    constexpr Axes(const std::vector<T>& axes) : SmallList(axes) {}

    static constexpr Axes all() {
        Axes axes(std::initializer_list<detail::Integer>{});
        axes.all_ = true;
        return axes;
    }
    constexpr bool is_all() const { return all_; }

  private:
    bool all_ = false;
};

/// Sizes along the spatial dimensions of an image: one number for all of them, or one for each.
class Sizes : public detail::SmallList {
  public:
    template <std::integral T>
    constexpr Sizes(T size) : SmallList{size} {}
    constexpr Sizes(std::initializer_list<detail::Integer> sizes) : SmallList(sizes) {}
    template <std::integral T>
    constexpr Sizes(const std::vector<T>& sizes) : SmallList(sizes) {}
};

}  // namespace latent
