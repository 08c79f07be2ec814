// expect: use of deleted function
#include <latent/latent.h>

float first(const latent::Tensor& x) {
    return (x + 1).data<float>()[0];
}
