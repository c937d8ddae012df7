#pragma once

#include "base/back_off.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "pg/connection.hpp"
#include "pg/notifier.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace pg {

struct ListenerOptions {
  std::chrono::milliseconds probe_every{10'000};
  std::chrono::milliseconds probe_reply_max{2'000};  // A notice of its own must be back by then.
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{10'000};
};

/// Which signal is notified when somebody says NOTIFY on a channel.
struct Subscription {
  std::string channel;  // `[a-z_]{1,63}`
  base::WakeSignal* signal;
};

/// What became of listening since the start; for the log, and for tests.
struct ListenerFacts {
  bool is_healthy{false};
  std::uint64_t notices{0};      // Of others' doing or ours; probes do not count.
  std::uint64_t connections{0};  // That listened.
  std::uint64_t probes_lost{0};
  int backend_pid{0};  // Of the newest connection.
};

/// One connection that listens, and hands each notification to a WakeSignal.
///
/// It proves that notices arrive by sending itself one through `notifier`, so over another
/// connection: behind a pooler that shares connections by transaction, on a standby, or where
/// NOTIFY means nothing, LISTEN may succeed all the same. Until such a probe is back, and again
/// once one is lost, it is not healthy, and whoever relies on it polls quickly. Each change of its
/// health wakes everybody: something may have been missed.
///
/// Probes also tell listeners of each other, so that a process that is alone need not notify.
/// Threads: any may ask; it owns one.
class Listener {
 public:
  /// The signals and `notifier` outlive it.
  Listener(ConnectionOptions connection,
           std::vector<Subscription> subscriptions,
           Notifier& notifier,
           const base::Log& log,
           ListenerOptions options = {});
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// True while a notice would be heard within milliseconds, as far as the last probe tells.
  [[nodiscard]] bool is_healthy() const;
  /// True when it would have heard other listeners' probes by now, and heard none.
  [[nodiscard]] bool is_alone() const;
  [[nodiscard]] ListenerFacts facts() const;

 private:
  using Monotonic = std::chrono::steady_clock::time_point;
  struct State {
    Monotonic alone_since{};  // When it became healthy, or last heard another listener.
    ListenerFacts facts;
  };

  void run(const std::stop_token& stop);
  void listen(const std::stop_token& stop);
  void begin(Connection& connection);
  void probe_if_due();
  void take(const Notification& notification);
  void note_probe(const std::string& payload);
  void note_health(bool is_healthy);
  [[nodiscard]] std::chrono::milliseconds until_next_step() const;
  void wake_all();

  const ConnectionOptions options_of_connection_;
  const std::vector<Subscription> subscriptions_;
  Notifier& notifier_;
  const base::Log& log_;
  const ListenerOptions options_;
  base::Guarded<State> state_;

  // The thread's own.
  const std::string name_;  // In the payload of its probes.
  std::uint64_t probes_{0};
  std::optional<Monotonic> probed_at_;  // A probe is under way since.
  Monotonic probe_due_at_{};
  base::BackOff back_off_;
  bool is_trouble_said_{false};  // Once for each time that notices do not arrive.
  std::jthread thread_;
};

}  // namespace pg
