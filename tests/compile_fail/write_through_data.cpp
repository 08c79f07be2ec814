// expect: read-only
#include <latent/latent.h>

void overwrite(const latent::Tensor& x) {
    x.data<float>()[0] = 1.0f;
}
