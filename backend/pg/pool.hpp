#pragma once

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "pg/connection.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <stop_token>
#include <vector>

namespace pg {

class Pool;

struct PoolOptions {
  std::size_t connections_max{8};
  std::chrono::milliseconds wait_max{2000};  // Reached: base::TransientError, a 503 to a client.
  // For all that one borrower waits for, from acquire() to its last reply; 0: only the limits of
  // each step count.
  std::chrono::milliseconds lease_max{0};
  // After a failed attempt to connect, or a reply that did not come, nobody connects for this long,
  // doubling up to the second. At random between half and all of it: processes that lost one server
  // together do not come back together.
  std::chrono::milliseconds retry_delay_min{100};
  std::chrono::milliseconds retry_delay_max{2000};
  // Looks at each new connection before anybody gets it; what it throws, acquire() throws.
  std::function<void(Connection&)> admit{};
};

/// A connection borrowed from the pool; it goes back when the lease ends. Movable.
class Lease {
 public:
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) = delete;
  ~Lease();

  [[nodiscard]] Connection& operator*() const noexcept { return *connection_; }
  [[nodiscard]] Connection* operator->() const noexcept { return connection_.get(); }

 private:
  friend class Pool;
  Lease(Pool& pool, std::unique_ptr<Connection> connection)
      : pool_{&pool}, connection_{std::move(connection)} {}

  Pool* pool_;
  std::unique_ptr<Connection> connection_;
};

/// Shared connections to one server: made when needed, bounded, replaced when lost.
///
/// Threads: any. It must outlive its leases.
class Pool {
 public:
  Pool(ConnectionOptions connection, PoolOptions options, const base::Log& log);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  /// Borrows a connection, a new one if all others are in use.
  ///
  /// Errors: base::TransientError when none became free within `wait_max`, when `stop` is
  ///         requested, or when the server was unreachable a moment ago; base::Error when it
  ///         refuses the user or the database.
  [[nodiscard]] Lease acquire(const std::stop_token& stop = {});

 private:
  friend class Lease;
  using Monotonic = std::chrono::steady_clock::time_point;
  struct State {
    std::vector<std::unique_ptr<Connection>> idle;
    std::size_t open{0};  // Idle, leased and being made.
    int failures{0};      // Attempts to connect since the last that succeeded.
    Monotonic retry_at{};
    std::minstd_rand chance{std::random_device{}()};
  };
  class Opening;

  [[nodiscard]] Deadline deadline() const;
  std::unique_ptr<Connection> take_idle_or_slot(const std::stop_token& stop);
  void give_back(std::unique_ptr<Connection> connection);
  void note_failure();

  const ConnectionOptions connection_;
  const PoolOptions options_;
  const base::Log& log_;
  base::Guarded<State> state_;
};

}  // namespace pg
