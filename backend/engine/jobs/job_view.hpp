#pragma once

#include "base/json.hpp"
#include "engine/jobs/job_status.hpp"

namespace engine::jobs {

/// The job as clients see it, in replies and on its topic.
/// Source: docs/http-api.md, "Jobs".
[[nodiscard]] base::Json job_view(const JobStatus& status);

}  // namespace engine::jobs
