#pragma once

#include "codegen/math/detail.h"

/// Parts of the logarithm that other families build on.
namespace latent::codegen::math::detail {

/// x = 2^exponent * (1 + fraction), 1 + fraction in [sqrt(1/2), sqrt(2)).
struct LogParts {
    Real exponent;
    Real fraction;
};
/// For positive finite x, subnormal ones too.
LogParts reduce_log(const Real& x);
/// For normal ones alone, which takes less.
LogParts reduce_log_of_normal(const Real& x);

/// ln 2 = high + low, where products of high with exponents are exact.
double ln2_high(const Type& type);
double ln2_low(const Type& type);

/// log(1 + fraction) - fraction + smallest, for fraction in the range above.
Real log1p_tail(const Real& fraction, const Real& smallest);
/// The logarithm of what the parts stand for.
Real log_of_parts(const LogParts& parts);
/// log(1 + x) for x > -1, below the next.
Real log1p_usual(const Real& x);
Real log1p_usual(const DoubleReal& x);
double large_for_log1p(const Type& type);

}  // namespace latent::codegen::math::detail
