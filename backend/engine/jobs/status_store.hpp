#pragma once

#include "engine/jobs/job_store.hpp"
#include "engine/jobs/status_publisher.hpp"

#include <optional>
#include <span>
#include <vector>

/// How jobs stand, as their resources and topics show it. Reads only.
///
/// States, versions and their arrows: docs/job-states.md.
namespace engine::jobs {

/// The state of a job, from primary keys alone.
[[nodiscard]] std::optional<JobStatus> find_job(pg::Connection& connection, wire::JobId id);

/// The same of many, in no order. Those that are not there are missing.
[[nodiscard]] std::vector<JobStatus> find_jobs(pg::Connection& connection,
                                               const std::vector<std::int64_t>& ids);

/// Reads how the job stands and tells `statuses`, unless that is null.
void publish_status(pg::Connection& connection, wire::JobId id, StatusPublisher* statuses);

/// How the jobs in hand stand once complete_and_commit() has returned: what find_job() would find.
[[nodiscard]] std::vector<JobStatus> statuses_after(const WorkInHand& work,
                                                    std::span<const Outcome> outcomes);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> status_store_statements();

}  // namespace engine::jobs
