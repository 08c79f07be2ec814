#include <latent/elementwise.h>

/// The operators are other names of functions.
namespace latent {

Tensor operator+(const Operand& a, const Operand& b) {
    return add(a, b);
}
Tensor operator-(const Operand& a, const Operand& b) {
    return sub(a, b);
}
Tensor operator*(const Operand& a, const Operand& b) {
    return mul(a, b);
}
Tensor operator/(const Operand& a, const Operand& b) {
    return div(a, b);
}
Tensor operator%(const Operand& a, const Operand& b) {
    return remainder(a, b);
}
Tensor operator-(const Operand& x) {
    return neg(x.tensor(), x.location());
}

Tensor& Tensor::operator+=(const Operand& other) {
    return *this = add(Operand(*this, other.location()), other);
}
Tensor& Tensor::operator-=(const Operand& other) {
    return *this = sub(Operand(*this, other.location()), other);
}
Tensor& Tensor::operator*=(const Operand& other) {
    return *this = mul(Operand(*this, other.location()), other);
}
Tensor& Tensor::operator/=(const Operand& other) {
    return *this = div(Operand(*this, other.location()), other);
}

Tensor operator==(const Operand& a, const Operand& b) {
    return eq(a, b);
}
Tensor operator!=(const Operand& a, const Operand& b) {
    return ne(a, b);
}
Tensor operator<(const Operand& a, const Operand& b) {
    return lt(a, b);
}
Tensor operator<=(const Operand& a, const Operand& b) {
    return le(a, b);
}
Tensor operator>(const Operand& a, const Operand& b) {
    return gt(a, b);
}
Tensor operator>=(const Operand& a, const Operand& b) {
    return ge(a, b);
}

Tensor operator&(const Operand& a, const Operand& b) {
    return bitwise_and(a, b);
}
Tensor operator|(const Operand& a, const Operand& b) {
    return bitwise_or(a, b);
}
Tensor operator^(const Operand& a, const Operand& b) {
    return bitwise_xor(a, b);
}
Tensor operator~(const Operand& x) {
    return bitwise_not(x.tensor(), x.location());
}
Tensor operator!(const Operand& x) {
    return logical_not(x);
}

}  // namespace latent
