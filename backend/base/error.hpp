#pragma once

#include <stdexcept>

namespace base {

/// The world's fault, lasting: disk full, wrong schema, missing file. The message is for people.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The world's fault, passing: connection lost, deadlock, broker away. Worth another attempt.
class TransientError : public Error {
 public:
  using Error::Error;
};

}  // namespace base
