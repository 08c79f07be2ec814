// expect: could not convert
#include <latent/latent.h>

int compare(const latent::Tensor& x, const latent::Tensor& y) {
    return x == y ? 1 : 0;
}
