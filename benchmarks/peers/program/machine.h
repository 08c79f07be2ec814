#pragma once

namespace latent::peers {

/// Floating operations a second of fused multiply-adds in registers, on all of `threads`; 0 where
/// the processor has none. Of AVX2 where it is not to be `wide`, or has no AVX-512.
double peak_flops(int threads, bool wide);

/// Bytes a second of a copy that is far larger than the caches, read and written ones together.
double copy_bandwidth(int threads);

}  // namespace latent::peers
