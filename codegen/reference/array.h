#pragma once

#include <latent/dtype.h>

#include <algorithm>
#include <functional>
#include <span>

#include "ir/storage.h"
#include "ir/types.h"

namespace latent::codegen::reference {

/// Gives memory for that many bytes.
using Allocator = std::function<ir::StorageRef(std::size_t bytes)>;

/// Memory from the heap, aligned for any vector instruction. Throws OutOfMemory.
ir::StorageRef allocate_from_heap(std::size_t bytes);

/// A type and row-major elements in memory. Copies share them.
class Array {
  public:
    /// Zeros.
    explicit Array(const ir::Type& type);
    /// Over existing memory; throws ValueError if it is too small for the type.
    Array(const ir::Type& type, ir::StorageRef storage);
    /// A copy of `elements`; throws ValueError if their number is not that of the shape.
    template <Element T>
    static Array from(std::span<const T> elements, const ir::Shape& shape);

    const ir::Type& type() const { return type_; }
    const ir::StorageRef& storage() const { return storage_; }

    /// Throws TypeError if T is not the element type.
    template <Element T>
    std::span<const T> data() const {
        return elements<T>();
    }
    /// For filling an array that is not shared yet. Throws TypeError if T is not the element type.
    template <Element T>
    std::span<T> mutable_data() {
        return elements<T>();
    }

  private:
    void require_dtype(DType dtype) const;
    void require_count(std::size_t count) const;

    template <Element T>
    std::span<T> elements() const {
        require_dtype(dtype_of<T>);
        return {reinterpret_cast<T*>(storage_->data()),
                static_cast<std::size_t>(type_.element_count())};
    }

    ir::Type type_;
    ir::StorageRef storage_;
};

template <Element T>
Array Array::from(std::span<const T> elements, const ir::Shape& shape) {
    Array result(ir::Type{dtype_of<T>, shape});
    result.require_count(elements.size());
    std::ranges::copy(elements, result.mutable_data<T>().begin());
    return result;
}

}  // namespace latent::codegen::reference
