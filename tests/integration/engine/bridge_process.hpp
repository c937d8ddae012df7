#pragma once

#include "base/child_process.hpp"
#include "engine/bridge/options.hpp"
#include "support/scratch_folder.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace bridge_test {

inline constexpr auto kRelayUser = "relay";

/// Options for a bridge that notices everything soon, and is full soon.
[[nodiscard]] engine::bridge::BridgeOptions quick_options(const std::string& broker_url);

/// A bridge with quick_options() in a process of its own, which can be killed and stopped.
class BridgeProcess {
 public:
  BridgeProcess(const std::string& database_url, const std::string& broker_url);

  void kill() { process_.signal(SIGKILL); }
  void freeze() { process_.signal(SIGSTOP); }
  void thaw() { process_.signal(SIGCONT); }

  /// What it has written to its log.
  [[nodiscard]] std::string log() const;

 private:
  support::ScratchFolder folder_;
  base::ChildProcess process_;
};

}  // namespace bridge_test
