#pragma once

#include "base/log.hpp"
#include "pg/error.hpp"

#include <chrono>
#include <string_view>

namespace pg {

/// What a server says beside its answers: warnings become lines of our log, the rest is dropped.
///
/// Without it libpq would write to standard error by itself.
/// Limits: 10 lines a minute, 500 bytes each: a trigger that warns about each of a million rows
///         must not fill the disk.
/// Threads: confined, with its connection.
class ServerWarnings {
 public:
  /// Null: everything is dropped.
  explicit ServerWarnings(const base::Log* log) : log_{log} {}

  /// `severity` as the server writes it in English: "WARNING".
  void take(std::string_view severity, const Fault& notice);

 private:
  [[nodiscard]] bool has_room();

  const base::Log* log_;
  std::chrono::steady_clock::time_point period_ends_{};
  int lines_{0};
};

}  // namespace pg
