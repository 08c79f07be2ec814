#include <latent/elementwise.h>
#include <latent/manipulation.h>
#include <latent/reductions.h>
#include <latent/tensor.h>

/// The operations that are offered as methods too.
namespace latent {

Tensor Tensor::sum(const Axes& axes, bool keepdims, std::source_location location) const {
    return latent::sum(*this, axes, keepdims, location);
}

Tensor Tensor::mean(const Axes& axes, bool keepdims, std::source_location location) const {
    return latent::mean(*this, axes, keepdims, location);
}

Tensor Tensor::prod(const Axes& axes, bool keepdims, std::source_location location) const {
    return latent::prod(*this, axes, keepdims, location);
}

Tensor Tensor::max(const Axes& axes, bool keepdims, std::source_location location) const {
    return latent::max(*this, axes, keepdims, location);
}

Tensor Tensor::min(const Axes& axes, bool keepdims, std::source_location location) const {
    return latent::min(*this, axes, keepdims, location);
}

Tensor Tensor::any(const Axes& axes, bool keepdims, std::source_location location) const {
    return latent::any(*this, axes, keepdims, location);
}

Tensor Tensor::all(const Axes& axes, bool keepdims, std::source_location location) const {
    return latent::all(*this, axes, keepdims, location);
}

Tensor Tensor::argmax(std::optional<int> axis, bool keepdims, std::source_location location) const {
    return latent::argmax(*this, axis, keepdims, location);
}

Tensor Tensor::argmin(std::optional<int> axis, bool keepdims, std::source_location location) const {
    return latent::argmin(*this, axis, keepdims, location);
}

Tensor Tensor::cast(DType dtype, std::source_location location) const {
    return latent::cast(*this, dtype, location);
}

Tensor Tensor::reshape(const Shape& shape, std::source_location location) const {
    return latent::reshape(*this, shape, location);
}

Tensor Tensor::flatten(std::source_location location) const {
    return latent::flatten(*this, location);
}

Tensor Tensor::permute(const Axes& axes, std::source_location location) const {
    return latent::permute(*this, axes, location);
}

Tensor Tensor::transpose(std::source_location location) const {
    return latent::transpose(*this, location);
}

Tensor Tensor::squeeze(const Axes& axes, std::source_location location) const {
    return latent::squeeze(*this, axes, location);
}

Tensor Tensor::expand_dims(int axis, std::source_location location) const {
    return latent::expand_dims(*this, axis, location);
}

Tensor Tensor::broadcast_to(const Shape& shape, std::source_location location) const {
    return latent::broadcast_to(*this, shape, location);
}

Tensor Tensor::slice(int axis, std::optional<std::int64_t> start, std::optional<std::int64_t> stop,
                     std::int64_t step, std::source_location location) const {
    return latent::slice(*this, axis, start, stop, step, location);
}

Tensor Tensor::select(int axis, std::int64_t index, std::source_location location) const {
    return latent::select(*this, axis, index, location);
}

}  // namespace latent
