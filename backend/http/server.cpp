#include "http/server.hpp"

#include "http/connection.hpp"
#include "http/connection_table.hpp"
#include "http/dispatcher.hpp"
#include "http/handler_threads.hpp"
#include "http/listener.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <stop_token>
#include <thread>
#include <utility>

namespace http {
namespace {

using namespace std::chrono_literals;

// One walk over all connections instead of a timer for each: 8,192 take 60 µs.
constexpr auto kLook = 100ms;
constexpr auto kLookWhenStopping = 5ms;

}  // namespace

/// The I/O thread and everything that lives on it.
class Server::Core {
 public:
  Core(ServerOptions options, Router router, const base::Log& log);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();

  [[nodiscard]] int port() const noexcept { return listener_.port(); }

 private:
  void run();
  void look_again();
  void look();
  void stop();

  const ServerOptions options_;
  const base::Log& log_;
  std::stop_source stopping_;
  AccessLog access_log_;
  const Dispatcher dispatcher_;
  boost::asio::io_context io_{/*concurrency_hint=*/1};
  HandlerThreads handlers_;  // Ended before `io_`, to which their replies go.
  ConnectionTable table_;
  ConnectionContext context_;
  Listener listener_;
  boost::asio::steady_timer look_timer_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> until_all_ended_;
  std::jthread io_thread_;
};

Server::Core::Core(ServerOptions options, Router router, const base::Log& log)
    : options_{std::move(options)},
      log_{log},
      access_log_{options_.access_log, log},
      dispatcher_{std::move(router), options_.cors, log},
      handlers_{dispatcher_, options_.handlers},
      table_{options_.shared},
      context_{.limits = options_.connection,
               .head_limits = options_.head,
               .dispatcher = dispatcher_,
               .handlers = handlers_,
               .table = table_,
               .access_log = access_log_,
               .io = io_,
               .stopping = stopping_.get_token(),
               .log = log_},
      listener_{{.host = options_.host, .port = options_.port, .backlog = options_.backlog},
                context_},
      look_timer_{io_},
      until_all_ended_{io_.get_executor()} {
  look_again();
  io_thread_ = std::jthread{[this] { run(); }};
}

Server::Core::~Core() {
  stopping_.request_stop();
  boost::asio::post(io_, [this] { stop(); });
}

void Server::Core::run() {
  while (true) {
    try {
      io_.run();
      return;
    } catch (...) {
      // Connections catch their own. What is left is memory that ran out between them.
      log_.error("a step of the http server failed: out of memory?");
    }
  }
}

void Server::Core::look_again() {
  look_timer_.expires_after(stopping_.stop_requested() ? kLookWhenStopping : kLook);
  look_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

void Server::Core::look() {
  if (stopping_.stop_requested() && table_.size() == 0) return until_all_ended_.reset();
  look_again();  // First, so that it goes on whatever happens.
  const auto now = std::chrono::steady_clock::now();
  handlers_.refuse_overdue(now);
  for (const auto& connection : table_.overdue(now)) connection->give_up();
}

void Server::Core::stop() {
  listener_.stop();
  for (const auto& connection : table_.all()) connection->stop();
  look_again();
}

Server::Server(ServerOptions options, Router router, const base::Log& log)
    : core_{std::make_unique<Core>(std::move(options), std::move(router), log)} {}

Server::~Server() = default;

int Server::port() const noexcept {
  return core_->port();
}

}  // namespace http
