#pragma once

#include "http/response.hpp"

#include <chrono>
#include <string>

namespace http {

/// What becomes of the connection, as the client is told.
enum class AfterAnswer {
  kClose,
  kKeep,         // HTTP/1.1 keeps without saying so.
  kKeepHttp1_0,  // HTTP/1.0 must be told.
};

/// Status line and headers, up to and with the empty line.
///
/// The length is that of `response.body`, also where HEAD leaves the body out; 204 and 304 have
/// none. A header that would break the line it stands on is left out, so no answer can be split.
/// Source: RFC 9112, sections 4 and 6; RFC 9110, sections 6.6.1 (Date) and 8.6.
[[nodiscard]] std::string response_head(const Response& response,
                                        AfterAnswer after,
                                        std::chrono::system_clock::time_point now);

/// True where the status forbids a body.
[[nodiscard]] bool is_bodiless(int status);

}  // namespace http
