#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/bridge/publisher_connection.hpp"
#include "engine/bridge/publisher_thread.hpp"
#include "engine/bridge/reports.hpp"
#include "engine/bridge/retry_pause.hpp"
#include "engine/bridge/status_queue.hpp"
#include "engine/jobs/status_publisher.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace engine::bridge {

struct StatusFeedOptions {
  BrokerAddress broker;
  // What waits for a broker that is away or slow; beyond, the oldest are dropped. A few seconds'
  // worth at the rate at which one connection publishes.
  std::size_t queue_jobs_max{8'192};
  std::size_t queue_bytes_max{std::size_t{16} * 1024 * 1024};
  std::size_t window{256};  // Publishes without a reply, in [1, 512]: see BridgeOptions::window.
  std::chrono::milliseconds retry_first{200};
  std::chrono::milliseconds retry_most{5'000};
  std::chrono::milliseconds reply_most{10'000};
};

/// Publishes how jobs stand to the callers who follow them, from memory, over a connection of its
/// own. The workers never wait for it; while the broker is away, old statuses are dropped.
///
/// Construct = running, destroy = stopped; what waits then is dropped.
/// Threads: owns one; any may publish.
class StatusFeed final : public jobs::StatusPublisher {
 public:
  StatusFeed(StatusFeedOptions options, const base::Clock& clock, const base::Log& log);

  void publish(std::vector<jobs::JobStatus> statuses) noexcept override;

  /// Statuses dropped since the start, for want of room.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  enum class State { kDown, kConnecting, kUp };
  struct Waiting {
    StatusQueue queue;
    std::uint64_t dropped{0};
    bool is_dropping{false};  // Said once for each time that it begins.
  };

  void run(const std::stop_token& stop);
  void settle_all();
  void settle(const Report& report);
  void lose();
  void connect_if_due();
  void send();
  [[nodiscard]] bool is_overdue() const;

  const StatusFeedOptions options_;
  const base::Clock& clock_;
  const base::Log& log_;
  base::WakeSignal wake_;
  base::Guarded<Waiting> waiting_;
  Reports reports_;
  PublisherThread connection_thread_;
  PublisherConnection connection_;
  RetryPause pause_;
  State state_ = State::kDown;
  std::size_t outstanding_ = 0;
  Lane::Ticket ticket_ = 0;
  base::Clock::Monotonic due_at_;      // When to connect again.
  base::Clock::Monotonic replied_at_;  // When the broker last replied, or owed nothing.
  std::jthread thread_;
};

}  // namespace engine::bridge
