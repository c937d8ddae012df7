#pragma once

#include "base/log.hpp"
#include "http/access_log.hpp"
#include "http/cors.hpp"
#include "http/limits.hpp"
#include "http/request_head.hpp"
#include "http/router.hpp"

#include <memory>
#include <string>

namespace http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;     // 0: any free one.
  int backlog = 1024;  // Clients that wait in the kernel; then more are not let in.
  HeadLimits head = {};
  ConnectionLimits connection = {};
  SharedLimits shared = {};
  HandlerLimits handlers = {};
  CorsOptions cors = {};
  AccessLogOptions access_log = {};
};

/// The HTTP server. Constructed: it listens. Destroyed: whole requests are answered, all ended.
///
/// Ending takes as long as the slowest handler does after its request's `stopping` was requested;
/// an unfinished request has one more second, and an answer on its way three.
/// Threads: one does all input and output and never waits for a client or a handler; others run
/// handlers, many at a time.
class Server {
 public:
  /// Errors: base::Error when the address or the access log cannot be had, with what to do.
  Server(ServerOptions options, Router router, const base::Log& log);
  ~Server();

  /// The port it really listens on.
  [[nodiscard]] int port() const noexcept;

 private:
  class Core;  // All of Boost.Asio is behind it.

  std::unique_ptr<Core> core_;
};

}  // namespace http
