#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
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

/// ShapeError: a `type` was given `count` numbers, which are more than `max_rank`.
[[noreturn]] void raise_too_many(std::string_view type, std::size_t count,
                                 const std::source_location& location);

/// At most `max_rank` integers, without heap memory.
class SmallList {
  public:
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr const std::int64_t* data() const { return values_.data(); }
    constexpr const std::int64_t* begin() const { return data(); }
    constexpr const std::int64_t* end() const { return data() + size_; }
    constexpr std::int64_t operator[](std::size_t i) const { return values_[i]; }
    constexpr std::int64_t front() const { return values_[0]; }
    constexpr std::int64_t back() const { return values_[size_ - 1]; }
    constexpr std::span<const std::int64_t> span() const { return {data(), size_}; }

    friend constexpr bool operator==(const SmallList& a, const SmallList& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

  protected:
    constexpr SmallList() = default;
    constexpr explicit SmallList(Integer value) : values_{value.value}, size_(1) {}
    /// `type` is what the message calls the list where there are too many values.
    template <typename Values>
    constexpr SmallList(std::string_view type, const Values& values,
                        const std::source_location& location) {
        for (const Integer value : values) {
            append(type, value.value, values.size(), location);
        }
    }

    constexpr void append(std::string_view type, std::int64_t value, std::size_t count,
                          const std::source_location& location) {
        if (count > max_rank) {
            raise_too_many(type, count, location);
        }
        values_[size_++] = value;
    }

  private:
    std::array<std::int64_t, max_rank> values_{};
    std::size_t size_ = 0;
};

}  // namespace detail

/// Extents of a tensor, outermost first: `Shape{5, 10}`. A shape without dimensions has one
/// element; an extent may be 0. ShapeError for more extents than `max_rank`.
class Shape : public detail::SmallList {
  public:
    constexpr Shape() = default;
    constexpr Shape(std::initializer_list<detail::Integer> extents,
                    std::source_location location = std::source_location::current())
        : SmallList("Shape", extents, location) {}
    template <std::integral T, std::size_t Extent>
    constexpr Shape(std::span<T, Extent> extents,
                    std::source_location location = std::source_location::current())
        : SmallList("Shape", extents, location) {}
    template <std::integral T>
    constexpr Shape(const std::vector<T>& extents,
                    std::source_location location = std::source_location::current())
        : SmallList("Shape", extents, location) {}

    constexpr void push_back(std::int64_t extent,
                             std::source_location location = std::source_location::current()) {
        append("Shape", extent, size() + 1, location);
    }
};

/// `[5,10]`
std::string to_string(const Shape& shape);
std::ostream& operator<<(std::ostream& stream, const Shape& shape);

/// Dimensions of a tensor: one number or a list, negative from the back, or all of them.
class Axes : public detail::SmallList {
  public:
    template <std::integral T>
    constexpr Axes(T axis) : SmallList(axis) {}
    constexpr Axes(std::initializer_list<detail::Integer> axes,
                   std::source_location location = std::source_location::current())
        : SmallList("Axes", axes, location) {}
    template <std::integral T>
    constexpr Axes(const std::vector<T>& axes,
                   std::source_location location = std::source_location::current())
        : SmallList("Axes", axes, location) {}

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
    constexpr Sizes(T size) : SmallList(size) {}
    constexpr Sizes(std::initializer_list<detail::Integer> sizes,
                    std::source_location location = std::source_location::current())
        : SmallList("Sizes", sizes, location) {}
    template <std::integral T>
    constexpr Sizes(const std::vector<T>& sizes,
                    std::source_location location = std::source_location::current())
        : SmallList("Sizes", sizes, location) {}
};

}  // namespace latent
