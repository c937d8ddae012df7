#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace pg {

/// What went wrong in one exchange with the server, as plain data.
struct Fault {
  std::string sqlstate;
  std::string message;  // The server's primary message: never a statement, never a parameter list.
  std::string constraint{};  // Empty unless a constraint was violated.
  std::string schema{};      // The owner of that constraint's table.
  // The connection remembers statements that the server has forgotten, or knows otherwise.
  bool is_stale{false};
};

/// Another attempt may succeed: connection lost, deadlock, lock or statement timeout, no room, a
/// statement that was prepared before a migration, a row whose partition was just attached.
class TransientError : public base::TransientError {
 public:
  explicit TransientError(Fault fault);
  [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }

 private:
  std::string sqlstate_;
};

/// The connection broke while something was being committed: it may be stored, or not.
///
/// Never repeat it blindly; an idempotency key, the same ids or a lease decides.
class InDoubt : public base::TransientError {
 public:
  using base::TransientError::TransientError;
};

/// The server refused a statement for good.
class StatementError : public base::Error {
 public:
  explicit StatementError(Fault fault);
  [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }
  /// The violated constraint's name; empty if it was something else.
  [[nodiscard]] const std::string& constraint() const noexcept { return constraint_; }
  /// The schema of that constraint's table: two owners may use one constraint's name.
  [[nodiscard]] const std::string& schema() const noexcept { return schema_; }

 private:
  std::string sqlstate_;
  std::string constraint_;
  std::string schema_;
};

/// SQLSTATE 23505: a row with this key exists.
class UniqueViolation : public StatementError {
 public:
  using StatementError::StatementError;
};

/// A transaction was used after one of its statements had failed; nothing of it is stored.
class Poisoned : public base::Error {
 public:
  using base::Error::Error;
};

/// True for classes 08 and 53, 57P01 to 57P03, 40001, 40P01, 55P03, 57014 and 25P03.
[[nodiscard]] bool is_transient(std::string_view sqlstate) noexcept;

/// Throws the type that fits `fault`: TransientError, UniqueViolation or StatementError.
[[noreturn]] void throw_fault(Fault fault);

}  // namespace pg
