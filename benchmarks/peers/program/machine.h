#pragma once

namespace latent::peers {

/// Floating operations a second of fused multiply-adds in registers, on all of `threads`; 0 where
/// the processor has none.
double peak_flops(int threads);

/// Bytes a second of a copy that is far larger than the caches, read and written ones together.
double copy_bandwidth(int threads);

}  // namespace latent::peers
