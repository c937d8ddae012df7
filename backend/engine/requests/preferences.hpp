#pragma once

#include "http/request.hpp"

#include <chrono>
#include <optional>

namespace engine::requests {

inline constexpr std::chrono::seconds kWaitMax{25};  // Below what proxies take for a dead server.

/// How long a client would wait for the end of what it asks for, of at most kWaitMax; none when it
/// would not. What is unknown, malformed or said again is ignored, as the source wants it.
/// Source: RFC 7240, sections 2, 4.1 (respond-async) and 4.3 (wait).
[[nodiscard]] std::optional<std::chrono::seconds> preferred_wait(const http::Request& request);

}  // namespace engine::requests
