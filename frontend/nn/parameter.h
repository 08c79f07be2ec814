#pragma once

#include <latent/initializers.h>

#include <cstdint>
#include <source_location>
#include <string_view>

namespace latent::detail {

/// ValueError names `layer` and `what` unless the size is positive.
void require_positive(std::int64_t size, std::string_view what, std::string_view layer,
                      const std::source_location& location);

/// TypeError names `layer` unless its parameters are to be floating.
void require_floating(DType dtype, std::string_view layer, const std::source_location& location);

/// A parameter: a leaf with the value that `initializer` gives. ShapeError names `layer` where that
/// has another shape.
Tensor initial_parameter(const nn::Initializer& initializer, Key key, const Shape& shape,
                         const nn::Fans& fans, DType dtype, std::string_view layer,
                         const std::source_location& location);

}  // namespace latent::detail
