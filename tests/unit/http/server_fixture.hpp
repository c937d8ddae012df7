#pragma once

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "http/server.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace http_test {

/// A server on a free port, with a few routes that count what runs.
class ServerFixture {
 public:
  ServerFixture() { start({}); }

 protected:
  explicit ServerFixture(http::ServerOptions options) { start(std::move(options)); }

  void start(http::ServerOptions options);
  void stop() { server_.reset(); }
  [[nodiscard]] int port() const { return port_; }
  /// How often any handler ran.
  [[nodiscard]] int runs() const { return runs_; }

  /// GET /slow and POST /slow wait at the gate.
  void wait_until_at_gate(int requests);
  void open_gate();

  /// Connections the kernel has completed and the server has not accepted.
  [[nodiscard]] int not_yet_accepted() const;
  void wait_until_all_accepted() const;

 private:
  struct Gate {
    int waiting = 0;
    bool is_open = false;
  };

  [[nodiscard]] http::Router routes();
  [[nodiscard]] http::Response wait_at_gate();

  base::Log log_{base::LogFormat::kText, base::LogLevel::kError};
  std::atomic<int> runs_{0};
  base::Guarded<Gate> gate_;
  int port_ = 0;
  std::unique_ptr<http::Server> server_;
};

}  // namespace http_test
