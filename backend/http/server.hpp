#pragma once

#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/cors.hpp"
#include "http/request_head.hpp"
#include "http/router.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;           // 0: any free one.
  std::size_t threads = 64;  // Each serves one connection at a time.
  std::size_t queue = 1024;  // Connections that wait for a thread; then the backlog fills.
  int backlog = 1024;        // Connections that wait in the kernel; then clients are not let in.
  HeadLimits head = {};
  ConnectionLimits connection = {};
  CorsOptions cors = {};
};

/// The HTTP server. Constructed: it listens. Destroyed: accepted requests are answered, all ended.
///
/// Every connection carries one request and is closed. Ending takes as long as the slowest handler
/// does after its request's `stopping` was requested, and about a second for unfinished requests.
/// Threads: one accepts, `threads` serve; handlers run on these, many at a time.
class Server {
 public:
  /// Errors: base::Error when the address cannot be had, with what to do about it.
  Server(ServerOptions options, Router router, const base::Log& log);
  ~Server();

  /// The port it really listens on.
  [[nodiscard]] int port() const noexcept;

 private:
  class Listener;  // All of cpp-httplib is behind it.

  std::unique_ptr<Listener> listener_;
};

}  // namespace http
