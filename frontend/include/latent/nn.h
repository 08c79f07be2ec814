#pragma once

/// What networks are made of, composed of the elementary operations. Floating dtypes; integers and
/// bool are cast to f32.

#include <latent/activations.h>
#include <latent/attention.h>
#include <latent/losses.h>
#include <latent/normalization.h>
