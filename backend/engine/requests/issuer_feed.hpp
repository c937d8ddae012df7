#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/requests/issuer_source.hpp"

#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

namespace engine::requests {

/// The foreign issuers that are believed, with their keys of today.
///
/// Threads: any; owns one, which waits for issuers that are slow, so that nothing else has to.
class IssuerFeed {
 public:
  /// `kept_keys_dir` holds the last good keys of each; those are known at once.
  IssuerFeed(const std::vector<IssuerSource>& sources,
             const std::filesystem::path& kept_keys_dir,
             const Fetch& fetch,
             const base::Clock& clock,
             const base::Log& log);

  /// A token named a key that nobody has.
  void want_key() { key_wanted_.notify(); }

  /// All that have keys, when they are others than those of the last call; otherwise nothing.
  [[nodiscard]] std::optional<std::vector<wire::Issuer>> take_if_new();

 private:
  void run(const std::stop_token& stop);
  void publish();

  const base::Clock& clock_;
  std::vector<IssuerKeys> issuers_;  // Only of the thread, once it runs.
  base::WakeSignal key_wanted_;
  base::Guarded<std::optional<std::vector<wire::Issuer>>> fresh_;
  std::jthread thread_;
};

}  // namespace engine::requests
