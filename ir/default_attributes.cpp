#include "ir/default_attributes.h"

#include "ir/errors.h"

namespace latent::ir {

Attributes default_attributes(Op op) {
    switch (op) {
#define LATENT_OP(name, category, operands, attributes) \
    case Op::name:                                      \
        return attributes{};
#include "ir/ops.def"
#undef LATENT_OP
    }
    throw InternalError("an op without a row in ops.def");
}

}  // namespace latent::ir
