#include <latent/latent.h>

int main() {
    const latent::Tensor sum = (latent::ones({5, 10}) + latent::ones({10})).sum();
    return sum.item<float>() == 100.0f ? 0 : 1;
}
