#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "http/cors.hpp"
#include "http/request_head.hpp"
#include "http/response.hpp"
#include "http/router.hpp"

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>

namespace http {

/// A request that lacks nothing but its body, with the handler it goes to.
struct Admission {
  const Route* route = nullptr;  // The dispatcher's own.
  Request request;
  std::size_t body_bytes = 0;
};

/// What the head alone was enough to answer: a refusal, or OPTIONS.
struct EarlyAnswer {
  Response response;
  std::string_view route = {};  // Its pattern, where one was found.
  // What comes behind such a head may not be what it seems: nothing more is read.
  bool is_malformed = false;
};

/// From a checked head to the whole answer: route, rules about the body, handler, common headers.
///
/// It knows nothing of sockets, and nothing of how a body arrives.
/// Threads: any; handlers run on the caller's thread.
class Dispatcher {
 public:
  Dispatcher(Router router, CorsOptions cors, const base::Log& log);

  /// Everything that can be decided before a byte of the body is taken. Quick: nothing waits here.
  [[nodiscard]] base::Result<Admission, EarlyAnswer> admit(RequestHead head,
                                                           std::string remote_address,
                                                           std::stop_token stopping) const;

  /// Runs the handler. `admission` has its body; `reply` is called now, or later from another
  /// thread, while this lives.
  void handle(const Admission& admission, Reply reply) const;

  /// The answer to what could not be handled; `headers` are the request's, as far as it had any.
  [[nodiscard]] Response refuse(const wire::Problem& problem, const Headers& headers = {}) const;

 private:
  [[nodiscard]] Response run_handler(const Route& route, const Request& request) const;
  [[nodiscard]] Response complete(Response response,
                                  const Headers& headers,
                                  std::string_view preflight_methods = "") const;

  Router router_;
  CorsOptions cors_;
  const base::Log& log_;
};

}  // namespace http
