#include "http/transport_problem.hpp"

#include <utility>

namespace http::transport_problem {

wire::Problem malformed_request(std::string detail) {
  return {.status = 400,
          .type = "malformed-request",
          .title = "The request is not HTTP that can be accepted",
          .detail = std::move(detail)};
}

wire::Problem uri_too_long() {
  return {.status = 414,
          .type = "uri-too-long",
          .title = "The address is too long",
          .detail = "Send a shorter path or query."};
}

wire::Problem request_timeout() {
  return {.status = 408,
          .type = "request-timeout",
          .title = "The request took too long to arrive",
          .detail = "Send all of it at once, and try again."};
}

}  // namespace http::transport_problem
