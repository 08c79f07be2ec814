#pragma once

#include "codegen/math/detail.h"

/// Parts of the exponential function that other families build on.
namespace latent::codegen::math::detail {

/// exp(x) = 2^k (1 + tail), with |tail| < 0.42.
struct ExpParts {
    Whole k;
    Real tail;  ///< expm1 of the reduced argument, with a small relative error
};

/// For |k| below 2^9 (f32) or 2^11 (f64): clamp before.
ExpParts reduce_exp(const Real& x, int bias);

/// 2^fraction - 1 for |fraction| <= 1/2.
Real exp2m1_fraction(const Real& fraction);

/// exp(high + low), for any high and |low| below 1/8.
Real exp_sum(const Real& high, const Real& low);

/// exp(x) / 2 without overflow where exp(x) / 2 is finite, for x >= 0.
Real half_exp(const Real& x);

}  // namespace latent::codegen::math::detail
