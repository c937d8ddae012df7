#pragma once

#include "http/request_head.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace http {

/// What is known of one request and its answer besides what they say: for the access log, and for
/// what becomes of the connection.
struct Exchange {
  std::chrono::steady_clock::time_point began{};  // Its first byte.
  std::string method;                             // Empty where no head was understood.
  std::string_view route;                         // The pattern, which the router keeps.
  std::string request_id;  // The client's if it is well-formed, or a new one.
  std::string traceparent;
  std::size_t bytes_in = 0;
  std::size_t bytes_out = 0;
  int status = 0;
  bool is_http_1_0 = false;
  bool keeps_connection = false;  // The client wants another request on it, and may have it.
  bool has_unread_body = false;   // More is coming that belongs to this request.
};

/// An id for a request whose client gave it none.
[[nodiscard]] std::string new_request_id();

/// The exchange that begins with this head.
[[nodiscard]] Exchange exchange_of(const RequestHead& head);

}  // namespace http
