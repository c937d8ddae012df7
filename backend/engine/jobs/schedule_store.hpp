#pragma once

#include "pg/connection.hpp"
#include "pg/transaction.hpp"

#include <chrono>
#include <span>
#include <string>
#include <vector>

/// Every SQL statement that touches schedules and their fire times, and nothing else.
namespace engine::jobs {

using FireTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Schedules and one fire time for each.
struct Fires {
  std::vector<std::string> schedules;
  std::vector<std::int64_t> at_ms;  // Since 1970.
};

enum class Taken {
  kOurs,    // Nobody had it: its job belongs into this transaction.
  kBefore,  // Somebody had it or a later one, or the schedule is younger.
  kEarly,   // It is more than a minute ahead of the database's clock.
};

/// Remembers since when schedules are known; those that are known already stay so.
void make_schedules_known(pg::Connection& connection,
                          const std::vector<std::string>& names,
                          FireTime since);

/// Takes fire times whose jobs this transaction accepts. Waits for whoever takes the same ones.
/// Shape: one for each, in their order.
[[nodiscard]] std::vector<Taken> take_fires(pg::Transaction& tx, const Fires& fires);

/// Deletes fire times before `cutoff`, but the newest of each schedule. Returns how many.
int prune_fires(pg::Connection& connection, FireTime cutoff);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> schedule_store_statements();

}  // namespace engine::jobs
