#pragma once

#include "engine/jobs/accept_store.hpp"
#include "engine/requests/job_waiters.hpp"
#include "http/request.hpp"
#include "http/response.hpp"
#include "pg/pool.hpp"

#include <optional>
#include <span>
#include <string>

namespace engine::requests {

/// 202: the job is on disk, not yet done. A repeat of a request shows the job of the first as it
/// stands now. With `Prefer: wait=N` the reply comes when the job has ended, then with 200, or
/// after that time; at once when too many wait already.
[[nodiscard]] http::Response accepted_reply(const http::Request& request,
                                            const jobs::Accepted& accepted,
                                            pg::Pool& pool,
                                            JobWaiters& waiters);

/// The same for many: `{"jobs": […]}`, in their order. Nobody waits for many.
[[nodiscard]] http::Response accepted_reply(std::span<const jobs::Accepted> accepted,
                                            pg::Pool& pool);

/// The `traceparent` of a request, to be kept with its jobs.
/// Source: W3C Trace Context, section 3.2: 55 characters for version 00.
[[nodiscard]] std::optional<std::string> traceparent_of(const http::Request& request);

}  // namespace engine::requests
