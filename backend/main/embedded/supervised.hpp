#pragma once

#include "base/child_process.hpp"

#include <filesystem>
#include <memory>
#include <string_view>

namespace embedded {

/// What a server answers in its own protocol.
enum class Health {
  kReady,
  kRefusing,  // It takes nobody in: PostgreSQL while it replays its log, a broker that is full.
  kSilent,    // No answer yet.
};

/// A server that the supervisor starts, and starts again when it dies or hangs.
class Supervised {
 public:
  Supervised() = default;
  Supervised(const Supervised&) = delete;
  Supervised& operator=(const Supervised&) = delete;
  virtual ~Supervised() = default;

  /// What people read in the log: "PostgreSQL".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Where its own output goes; opened for appending.
  [[nodiscard]] virtual const std::filesystem::path& log_file() const noexcept = 0;

  /// Makes what the first start needs and takes a while; nothing half made stays. Ends at once
  /// when `stop_descriptor` becomes readable: false.
  /// Errors: base::Error.
  [[nodiscard]] virtual bool prepare(int /*stop_descriptor*/) { return true; }
  /// Starts it on the same ports with the same credentials each time; stops leftovers first.
  /// Errors: base::Error.
  [[nodiscard]] virtual std::unique_ptr<base::ChildProcess> spawn() = 0;
  /// Asks it, or looks whether what was asked before is answered. Limits: waits 50 ms at most.
  [[nodiscard]] virtual Health health() = 0;
};

/// How long `health()` waits for an answer at once; a healthy server needs less.
constexpr std::chrono::milliseconds kHealthPatience{50};

}  // namespace embedded
