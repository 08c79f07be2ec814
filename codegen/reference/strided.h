#pragma once

#include <cstdint>
#include <span>

#include "ir/types.h"

namespace latent::codegen::reference {

/// How elements lie in memory: element (i, j, ...) at offset + i * strides[0] + j * strides[1] +
/// ...
struct Layout {
    ir::Shape shape;
    ir::Dims strides;
    std::int64_t offset = 0;
};

inline Layout row_major(const ir::Shape& shape) {
    return {shape, ir::row_major_strides(shape.span())};
}

/// Goes through the elements of a layout in row-major order. A rank-0 layout has one element, one
/// with an extent of 0 none.
class StridedIterator {
  public:
    explicit StridedIterator(const Layout& layout) : StridedIterator(layout, layout.offset) {}
    /// With the first element at `offset` instead of the layout's.
    StridedIterator(const Layout& layout, std::int64_t offset) : layout_(layout), offset_(offset) {
        for (const std::int64_t extent : layout.shape) {
            done_ = done_ || extent == 0;
        }
        position_.resize(layout.shape.size());
    }

    bool done() const { return done_; }
    /// Where the element lies.
    std::int64_t offset() const { return offset_; }

    void next() {
        for (std::size_t i = position_.size(); i-- > 0;) {
            offset_ += layout_.strides[i];
            if (++position_[i] < layout_.shape[i]) {
                return;
            }
            offset_ -= layout_.strides[i] * layout_.shape[i];
            position_[i] = 0;
        }
        done_ = true;
    }

  private:
    const Layout& layout_;
    ir::Dims position_;
    std::int64_t offset_;
    bool done_ = false;
};

}  // namespace latent::codegen::reference
