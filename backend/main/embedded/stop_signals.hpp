#pragma once

#include "base/file_descriptor.hpp"

namespace embedded {

/// SIGINT, SIGTERM and SIGHUP as something to wait for, instead of handlers.
///
/// From construction on they are blocked, for the rest of the process's life: construct it before
/// the first thread, which inherits that. SIGHUP stays ignored where it was (nohup). SIGPIPE is
/// ignored: whoever read our output may leave.
/// Threads: confined.
class StopSignals {
 public:
  /// Errors: base::Error.
  StopSignals();

  /// Becomes readable when one of them has arrived, and stays so until that one is read from it.
  [[nodiscard]] int descriptor() const noexcept { return signals_.get(); }

 private:
  base::FileDescriptor signals_;
};

}  // namespace embedded
