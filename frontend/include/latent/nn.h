#pragma once

/// What networks are made of, composed of the elementary operations. Floating dtypes; integers and
/// bool are cast to f32. Functions are in namespace latent, layers with parameters in latent::nn.

#include <latent/activations.h>
#include <latent/attention.h>
#include <latent/attention_layer.h>
#include <latent/initializers.h>
#include <latent/layers.h>
#include <latent/losses.h>
#include <latent/normalization.h>
#include <latent/normalization_layers.h>
#include <latent/parameters.h>
#include <latent/recurrent.h>
#include <latent/sequential.h>
