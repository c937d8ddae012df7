#pragma once

#include "base/child_process.hpp"

#include <filesystem>
#include <memory>
#include <string_view>

namespace embedded {

/// A server that the supervisor starts, and starts again when it dies.
class Supervised {
 public:
  Supervised() = default;
  Supervised(const Supervised&) = delete;
  Supervised& operator=(const Supervised&) = delete;
  virtual ~Supervised() = default;

  /// What people read in the log: "PostgreSQL".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Where its own output goes.
  [[nodiscard]] virtual const std::filesystem::path& log_file() const noexcept = 0;

  /// Starts it on the same ports with the same credentials each time; stops leftovers first.
  /// Errors: base::Error.
  [[nodiscard]] virtual std::unique_ptr<base::ChildProcess> spawn() = 0;
  /// True when it answers in its own protocol. Limits: waits a few seconds at most.
  [[nodiscard]] virtual bool is_ready() = 0;
};

}  // namespace embedded
