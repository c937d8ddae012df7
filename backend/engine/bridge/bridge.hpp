#pragma once

#include "engine/bridge/options.hpp"
#include "engine/bridge/relay.hpp"

namespace engine::bridge {

/// The way from the event log to the broker, for a process with the role `bridge`.
///
/// Construct = running, destroy = stopped, within three seconds; five while the database does not
/// reply. Any number of processes may have one: one of them relays, the others stand by. It can be
/// constructed, and waits, while database and broker are down.
class Bridge {
 public:
  /// `appended` is notified by whoever commits events in this process, and waited for by nobody
  /// else; without a notice the log is polled.
  ///
  /// Errors: base::Error for options outside their limits.
  Bridge(pg::ConnectionOptions database,
         BridgeOptions options,
         base::WakeSignal& appended,
         const base::Clock& clock,
         const base::Log& log);

  /// Ready: leading with every connection to the broker up, or standing by for the one that leads.
  [[nodiscard]] bool is_connected() const;
  [[nodiscard]] BridgeState state() const { return relay_.state(); }

 private:
  Relay relay_;
};

}  // namespace engine::bridge
