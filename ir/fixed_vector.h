#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

#include "ir/errors.h"

namespace latent::ir {

/// A vector without heap memory, for shapes and axes: nodes are made by the million.
template <typename T, std::size_t Capacity>
class FixedVector {
  public:
    using value_type = T;

    constexpr FixedVector() : values_{} {}
    constexpr FixedVector(const FixedVector& other) : size_(other.size_) { copy_values(other); }
    constexpr FixedVector& operator=(const FixedVector& other) {
        size_ = other.size_;
        copy_values(other);
        return *this;
    }
    constexpr ~FixedVector() = default;
    constexpr FixedVector(std::initializer_list<T> values)
        : FixedVector(std::span<const T>(values)) {}
    constexpr explicit FixedVector(std::span<const T> values) : FixedVector() { append(values); }
    constexpr FixedVector(std::size_t count, T value) : FixedVector() { resize(count, value); }

    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T* data() { return values_.data(); }
    constexpr const T* data() const { return values_.data(); }
    constexpr T* begin() { return data(); }
    constexpr T* end() { return data() + size_; }
    constexpr const T* begin() const { return data(); }
    constexpr const T* end() const { return data() + size_; }
    constexpr T& operator[](std::size_t i) { return values_[i]; }
    constexpr const T& operator[](std::size_t i) const { return values_[i]; }
    constexpr T& back() { return values_[size_ - 1]; }
    constexpr const T& back() const { return values_[size_ - 1]; }
    constexpr std::span<const T> span() const { return {data(), size_}; }

    constexpr void push_back(T value) {
        require(size_ + 1U);
        values_[size_++] = std::move(value);
    }
    constexpr void resize(std::size_t count, T value = {}) {
        require(count);
        for (std::size_t i = size_; i < count; ++i) {
            values_[i] = value;
        }
        size_ = static_cast<std::uint32_t>(count);
    }
    constexpr void append(std::span<const T> values) {
        for (const T& value : values) {
            push_back(value);
        }
    }
    constexpr void insert(std::size_t position, T value) {
        push_back(value);
        std::rotate(begin() + position, end() - 1, end());
    }
    constexpr void erase(std::size_t position) {
        std::move(begin() + position + 1, end(), begin() + position);
        --size_;
    }

    constexpr bool operator==(const FixedVector& other) const {
        // A loop of its own: std::equal calls memcmp, which takes longer for a few elements.
        bool equal = size_ == other.size_;
        for (std::size_t i = 0; equal && i < size_; ++i) {
            equal = values_[i] == other.values_[i];
        }
        return equal;
    }

  private:
    /// Of a short one only what most are not longer than: a copy of a constant size is a few moves.
    constexpr void copy_values(const FixedVector& other) {
        if (size_ <= short_size) {
            for (std::size_t i = 0; i < short_size; ++i) {
                values_[i] = other.values_[i];
            }
        } else {
            values_ = other.values_;
        }
    }

    constexpr void require(std::size_t count) const {
        if (count > Capacity) {
            throw ShapeError("a tensor has at most " + std::to_string(Capacity) + " dimensions; " +
                             std::to_string(count) + " were asked for");
        }
    }

    static constexpr std::size_t short_size = std::min<std::size_t>(4, Capacity);

    /// First, so that short ones and their size share a cache line.
    std::uint32_t size_ = 0;
    std::array<T, Capacity> values_;
};

}  // namespace latent::ir
