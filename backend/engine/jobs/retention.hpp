#pragma once

#include "pg/connection.hpp"

#include <chrono>
#include <span>

/// How long jobs and idempotency keys are kept: a partition for each UTC day, made ahead and
/// dropped whole.
///
/// Tables and reasons: sql/engine/0007_idempotency.sql and 0009_retention.sql. No step waits longer
/// than 100 ms for a lock; what could not be done now is done by the next call.
namespace engine::jobs {

struct Retention {
  std::chrono::hours keep{24 * 7};  // After the end of a job's day.
  int days_ahead{3};                // A janitor may be away for so long.
};

/// What one call of keep_days() did.
struct KeptDays {
  int made{0};     // Partitions.
  int dropped{0};  // Days of jobs, results and failures.
  int key_days_dropped{0};
  int stray_deleted{0};  // Jobs that had no partition of their own.
};

/// Makes the partitions of today and the days ahead that are not there yet; returns how many.
/// Errors: pg::TransientError; what was made until then stays.
int make_days(pg::Connection& connection, int days_ahead);

/// Makes the partitions as make_days() does, drops the days that are over.
/// Errors: pg::TransientError; what was done until then stays.
[[nodiscard]] KeptDays keep_days(pg::Connection& connection, const Retention& retention);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> retention_statements();

}  // namespace engine::jobs
