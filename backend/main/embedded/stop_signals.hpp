#pragma once

#include "base/file_descriptor.hpp"

namespace embedded {

/// SIGINT, SIGTERM and SIGHUP as something to wait for, instead of handlers.
///
/// From construction on they are blocked, for the rest of the process's life: construct it before
/// the first thread, which inherits that. SIGHUP stays ignored where it was (nohup).
/// Threads: confined.
class StopSignals {
 public:
  /// Errors: base::Error.
  StopSignals();

  /// Becomes readable, and stays so, when one of them has arrived.
  [[nodiscard]] int descriptor() const noexcept { return signals_.get(); }

 private:
  base::FileDescriptor signals_;
};

}  // namespace embedded
