// expect: a Tensor is a value and cannot be assigned into: rebind the variable, x = x + y, or
// choose elements, x = where(mask, y, x)
#include <latent/latent.h>

void overwrite(latent::Tensor& x, const latent::Tensor& y) {
    x.assign(y);
}
