#pragma once

#include <stdexcept>

namespace latent {

/// Base of everything Latent throws. The message names the op, what was wrong with the shapes or
/// values, and the caller's file and line where one is known.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Shapes that do not fit together, or an axis out of range.
class ShapeError : public Error {
  public:
    using Error::Error;
};

/// A dtype that the operation does not take.
class TypeError : public Error {
  public:
    using Error::Error;
};

/// An argument outside its valid range.
class ValueError : public Error {
  public:
    using Error::Error;
};

/// A gradient that does not exist: nothing differentiable, unreachable, or a cotangent that does
/// not fit.
class GradientError : public Error {
  public:
    using Error::Error;
};

/// Memory could not be had.
class OutOfMemory : public Error {
  public:
    using Error::Error;
};

/// A kernel could not be generated, linked or loaded.
class CompileError : public Error {
  public:
    using Error::Error;
};

/// Text (of IR or of a kernel request) that cannot be parsed.
class ParseError : public Error {
  public:
    using Error::Error;
};

/// An invariant of Latent itself is broken: a defect of the library, not of its use.
class InternalError : public Error {
  public:
    using Error::Error;
};

}  // namespace latent
