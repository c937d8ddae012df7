#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "engine/jobs/batch_id.hpp"
#include "pg/pool.hpp"

#include <optional>
#include <span>
#include <thread>

namespace engine::jobs {

/// This process's node number, and the ids made with it.
///
/// A stamp is only used below the ceiling that the database has recorded for the number, and the
/// number's next lessee starts there: two processes cannot make the same id, whatever their clocks
/// say and however long one of them was stopped.
/// Threads: any. Constructed: a number is leased, unless the database is away; then, as later when
/// it has to be renewed, one thread goes on trying.
class NodeLease {
 public:
  NodeLease(pg::Pool& pool, const base::Clock& clock, const base::Log& log);
  NodeLease(const NodeLease&) = delete;
  NodeLease& operator=(const NodeLease&) = delete;

  /// A new id, later than all before it. None while no number could be leased or the ceiling is
  /// reached: then the database has been away for a while, and nothing could be accepted anyway.
  [[nodiscard]] std::optional<BatchId> next();

 private:
  struct State {
    std::optional<int> node;
    std::int64_t term{0};
    Stamp last;
    Stamp ceiling;
  };

  void keep(const std::stop_token& stop);
  [[nodiscard]] bool keep_number(const std::stop_token& stop);
  void renew_or_lease(const std::stop_token& stop);
  [[nodiscard]] bool renew(const std::stop_token& stop);
  void lease(const std::stop_token& stop);
  void release() noexcept;

  pg::Pool& pool_;
  const base::Clock& clock_;
  const base::Log& log_;
  base::Guarded<State> state_;
  bool is_trouble_said_{false};  // Once for each time that it is away; the keeper's own.
  std::jthread keeper_;
};

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> node_lease_statements();

}  // namespace engine::jobs
