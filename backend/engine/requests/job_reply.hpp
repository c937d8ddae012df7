#pragma once

#include "engine/jobs/job_status.hpp"
#include "http/request.hpp"
#include "http/response.hpp"

namespace engine::requests {

/// The job as it stands: its body, a strong `ETag` of that, and `Retry-After` until it is final.
[[nodiscard]] http::Response job_reply(int status, const jobs::JobStatus& job);

/// Whether `If-None-Match` names what `reply` holds: then the client has it already.
/// Source: RFC 9110, sections 8.8.3 and 13.1.2.
[[nodiscard]] bool is_known(const http::Request& request, const http::Response& reply);

/// 304 instead of a body that the client has.
[[nodiscard]] http::Response not_modified(const http::Response& reply);

}  // namespace engine::requests
