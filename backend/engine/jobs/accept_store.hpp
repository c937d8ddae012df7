#pragma once

#include "engine/jobs/job.hpp"
#include "engine/jobs/job_status.hpp"
#include "engine/jobs/node_lease.hpp"
#include "pg/connection.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace engine::jobs {

/// The rows of one accepting commit, with their ids: made once, so that inserting them again after
/// a doubtful commit either stores them or shows that they are stored.
class AcceptedRows {
 public:
  /// One batch per kind and priority, in order of first appearance. None when no ids can be made.
  [[nodiscard]] static std::optional<AcceptedRows> of(const std::vector<const JobSpec*>& specs,
                                                      NodeLease& ids);

  /// Stores everything in one statement, one round trip, one commit.
  ///
  /// Errors: pg::InDoubt; pg::UniqueViolation when exactly these rows are stored already.
  void insert(pg::Connection& connection);
  /// Reads what insert() would have learned, for rows that turned out to be stored.
  void find(pg::Connection& connection);

  /// Shape: in the order of the specs. After insert() or find().
  [[nodiscard]] JobStatus status(std::size_t place) const;

 private:
  struct Batches {
    std::vector<std::int64_t> ids;
    std::vector<std::string> kinds;
    std::vector<std::int16_t> priorities;
    std::vector<std::int32_t> jobs;
    std::vector<std::int32_t> bytes;
  };
  struct Jobs {
    std::vector<std::int64_t> ids;
    std::vector<std::string> kinds;
    std::vector<std::string> callers;
    std::vector<std::string> args;
    std::vector<std::int16_t> max_attempts;
    std::vector<std::optional<std::string>> traceparents;
  };

  [[nodiscard]] bool add(const JobSpec& spec, NodeLease& ids);

  Batches batches_;
  Jobs jobs_;
  JobStatus::Time accepted_at_;
};

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> accept_store_statements();

}  // namespace engine::jobs
