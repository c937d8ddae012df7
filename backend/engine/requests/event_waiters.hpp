#pragma once

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/requests/event_page.hpp"
#include "engine/requests/job_waiters.hpp"
#include "http/response.hpp"
#include "pg/pool.hpp"

#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace engine::requests {

/// Requests that wait for an event in their cells: any number on one thread, which reads the log
/// once for all of them, and holds a connection only while it reads.
///
/// Threads: any may add; owns one.
class EventWaiters {
 public:
  struct Wait {
    std::vector<geo::Cell> cells;
    std::size_t limit{1};
    EventPage page;  // What is replied; empty so far, and read up to its position.
    std::chrono::steady_clock::time_point until;
    std::stop_token stopping;
    http::Reply reply;  // Called once.
  };

  /// `heard` is notified when this process knows of new events; without that they are found every
  /// `look_every`.
  EventWaiters(pg::Pool& readers,
               base::WakeSignal& heard,
               const base::Log& log,
               WaiterOptions options = {});

  /// False when too many wait already: then `wait` is untouched.
  [[nodiscard]] bool add(Wait& wait);

 private:
  using Clock = std::chrono::steady_clock;
  struct News {
    outbox::LogBounds bounds;
    std::vector<wire::Event> events;
    outbox::Position read_to;
    bool are_all{true};
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<std::int64_t> least_offset() const;
  [[nodiscard]] News read(std::int64_t after);
  void look_at_all(const std::stop_token& stop);
  bool look();
  void tell(const News& news);
  void reply_to_due();

  pg::Pool& readers_;
  base::WakeSignal& heard_;
  const base::Log& log_;
  const WaiterOptions options_;
  base::Guarded<std::vector<Wait>> waits_;
  std::jthread thread_;
};

}  // namespace engine::requests
