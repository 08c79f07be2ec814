#pragma once

/// Everything of Latent, a lazy-evaluation tensor compiler for CPU SIMD.

#include <latent/compile.h>
#include <latent/convolution.h>
#include <latent/creation.h>
#include <latent/custom_vjp.h>
#include <latent/elementwise.h>
#include <latent/eval.h>
#include <latent/explain.h>
#include <latent/gradient_clipping.h>
#include <latent/gradients.h>
#include <latent/indexing.h>
#include <latent/interpolation.h>
#include <latent/linalg.h>
#include <latent/manipulation.h>
#include <latent/nn.h>
#include <latent/optim.h>
#include <latent/profile.h>
#include <latent/random.h>
#include <latent/reductions.h>
#include <latent/runtime.h>
#include <latent/scans.h>
#include <latent/schedules.h>
#include <latent/sorting.h>
#include <latent/tensor.h>
#include <latent/tune.h>
