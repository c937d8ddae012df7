#pragma once

#include "base/check.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace base {

/// The failed side of a Result, so that `return fail(problem)` reads as what it is.
template <class E>
struct Failure {
  E error;
};

template <class E>
[[nodiscard]] Failure<std::decay_t<E>> fail(E&& error) {
  return {std::forward<E>(error)};
}

/// Either a value or the reason why there is none; for trouble that is expected daily.
template <class T, class E>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return fail(error);` are the whole interface.
  // NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
  Result(Failure<E> failure) : state_{std::in_place_index<1>, std::move(failure.error)} {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] explicit operator bool() const noexcept { return state_.index() == 0; }

  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(value()); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }

  [[nodiscard]] T& value() {
    check(state_.index() == 0, "a failed Result has no value");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const {
    check(state_.index() == 0, "a failed Result has no value");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] E& error() {
    check(state_.index() == 1, "a Result with a value has no error");
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] const E& error() const {
    check(state_.index() == 1, "a Result with a value has no error");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

}  // namespace base
