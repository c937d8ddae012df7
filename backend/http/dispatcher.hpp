#pragma once

#include "base/log.hpp"
#include "http/cors.hpp"
#include "http/request_head.hpp"
#include "http/response.hpp"
#include "http/router.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace http {

/// From a checked head to the whole answer: route, rules about the body, handler, common headers.
///
/// It knows nothing of sockets. The body is read last, when nothing speaks against the request.
/// Threads: any; handlers run on the caller's thread.
class Dispatcher {
 public:
  /// Reads exactly so many bytes; nothing if the client did not send them.
  using ReadBody = std::function<std::optional<std::string>(std::size_t bytes)>;

  struct Arrival {
    RequestHead head;
    std::string remote_address;
    std::stop_token stopping;
  };

  Dispatcher(Router router, CorsOptions cors, const base::Log& log);

  [[nodiscard]] Response answer(Arrival arrival, const ReadBody& read_body) const;

  /// The answer to a request that never became one.
  [[nodiscard]] Response refuse(const wire::Problem& problem) const;

 private:
  [[nodiscard]] Response dispatch(Request& request,
                                  const Router::Match& match,
                                  const ReadBody& read_body) const;
  [[nodiscard]] Response run_handler(const Route& route, const Request& request) const;

  Router router_;
  CorsOptions cors_;
  const base::Log& log_;
};

}  // namespace http
