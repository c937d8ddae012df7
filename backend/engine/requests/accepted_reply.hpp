#pragma once

#include "engine/jobs/job.hpp"
#include "engine/requests/acceptance.hpp"
#include "http/request.hpp"
#include "http/response.hpp"

#include <optional>
#include <string>
#include <vector>

namespace engine::requests {

/// Stores the job, then replies 202: it is on disk, not yet done. A repeat of a request shows the
/// job of the first as it stands now. With `Prefer: wait=N` the reply comes when the job has ended,
/// then with 200, or after that time; at once when too many wait already. No thread waits.
///
/// Errors: as jobs::BatchInserter::insert().
[[nodiscard]] http::Response store_and_reply(const http::Request& request,
                                             jobs::JobSpec spec,
                                             const Acceptance& acceptance);

/// The same for many: `{"jobs": […]}`, in their order. Nobody waits for many to end.
[[nodiscard]] http::Response store_and_reply(std::vector<jobs::JobSpec> specs,
                                             const Acceptance& acceptance);

/// The `traceparent` of a request, to be kept with its jobs.
/// Source: W3C Trace Context, section 3.2: 55 characters for version 00.
[[nodiscard]] std::optional<std::string> traceparent_of(const http::Request& request);

}  // namespace engine::requests
