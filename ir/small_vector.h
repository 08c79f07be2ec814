#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace latent::ir {

/// A vector of plain values that takes memory from the heap only for more than `Inline` of them.
template <typename T, std::size_t Inline>
class SmallVector {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  public:
    SmallVector() = default;
    SmallVector(SmallVector&& other) noexcept { take(other); }
    SmallVector& operator=(SmallVector&& other) noexcept {
        if (this != &other) {
            take(other);
        }
        return *this;
    }
    ~SmallVector() = default;

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* data() { return heap_ ? heap_.get() : inline_.values.data(); }
    const T* data() const { return heap_ ? heap_.get() : inline_.values.data(); }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }
    T& operator[](std::size_t i) { return data()[i]; }
    const T& operator[](std::size_t i) const { return data()[i]; }
    T& back() { return data()[size_ - 1]; }
    const T& back() const { return data()[size_ - 1]; }
    std::span<const T> span() const { return {data(), size_}; }

    void push_back(const T& value) {
        const T copy = value;  // which may lie in what moves
        if (size_ == capacity_) {
            reserve(2 * capacity_);
        }
        data()[size_++] = copy;
    }
    void pop_back() { --size_; }
    void clear() { size_ = 0; }
    void assign(std::size_t count, const T& value) {
        reserve(count);
        std::fill_n(data(), count, value);
        size_ = count;
    }
    /// Drops what lies beyond `size`.
    void shrink(std::size_t size) { size_ = size; }
    void reserve(std::size_t capacity) {
        if (capacity > capacity_) {
            std::unique_ptr<T[]> larger = std::make_unique_for_overwrite<T[]>(capacity);
            std::copy_n(data(), size_, larger.get());
            heap_ = std::move(larger);
            capacity_ = capacity;
        }
    }

  private:
    void take(SmallVector& other) {
        heap_ = std::move(other.heap_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, Inline);
        if (!heap_) {
            std::copy_n(other.inline_.values.data(), size_, inline_.values.data());
        }
    }

    /// Without values until they are written.
    union Inlined {
        Inlined() {}
        std::array<T, Inline> values;
    };

    Inlined inline_;
    std::unique_ptr<T[]> heap_;
    std::size_t size_ = 0;
    std::size_t capacity_ = Inline;
};

}  // namespace latent::ir
