#pragma once

#include "engine/jobs/accept_store.hpp"
#include "http/response.hpp"
#include "pg/pool.hpp"

#include <optional>
#include <span>
#include <string>

namespace engine::requests {

/// 202: the job is on disk, not yet done. A repeat of a request shows the job of the first as it
/// stands now.
[[nodiscard]] http::Response accepted_reply(const jobs::Accepted& accepted, pg::Pool& readers);

/// The same for many: `{"jobs": […]}`, in their order.
[[nodiscard]] http::Response accepted_reply(std::span<const jobs::Accepted> accepted,
                                            pg::Pool& readers);

/// The `traceparent` of a request, to be kept with its jobs. Anything else in it is ignored.
/// Source: W3C Trace Context, section 3.2: 55 characters for version 00.
[[nodiscard]] std::optional<std::string> traceparent_of(const http::Request& request);

}  // namespace engine::requests
