#include "http/server.hpp"

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"
#include "base/wake_signal.hpp"
#include "http/dispatcher.hpp"
#include "http/worker_threads.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

namespace http {
namespace {

using namespace std::chrono_literals;

constexpr auto kListenAgainAfter = 200ms;

/// Lets cpp-httplib read and write through a Connection, whose limits it cannot escape.
class ConnectionStream final : public httplib::Stream {
 public:
  explicit ConnectionStream(Connection& connection) : connection_{connection} {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, size_t size) override { return connection_.read(into, size); }
  ssize_t write(const char* bytes, size_t size) override {
    return connection_.write({bytes, size}) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& ip, int&) const override {
    ip = connection_.remote_address();
  }
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.socket(); }

 private:
  Connection& connection_;
};

class BoundedTaskQueue final : public httplib::TaskQueue {
 public:
  BoundedTaskQueue(std::size_t threads, std::size_t queue_max)
      : workers_{std::make_unique<WorkerThreads>(threads, queue_max)} {}

  void enqueue(std::function<void()> task) override { workers_->add(std::move(task)); }
  void shutdown() override { workers_.reset(); }

 private:
  std::unique_ptr<WorkerThreads> workers_;
};

/// What cpp-httplib parses in place of the client's head; the real one is put in afterwards.
std::string plain_head(const std::string& method, std::uint64_t body_bytes) {
  return fmt::format("{} / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", method, body_bytes);
}

/// An answer without cpp-httplib, for requests it must not see.
std::string bytes_of(const Response& response) {
  std::string bytes = fmt::format(
      "HTTP/1.1 {} Refused\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
      response.status,
      response.content_type,
      response.body.size());
  for (const auto& [name, value] : response.headers) bytes += name + ": " + value + "\r\n";
  return bytes + "\r\n" + response.body;
}

void copy_to(const Response& from, httplib::Response& to) {
  to.status = from.status;
  // set_header drops a value with a line break, so no answer can be split.
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  if (!from.body.empty()) to.set_content(from.body, from.content_type);
}

std::string bind_trouble(const std::string& host, int port, int error) {
  if (error == EADDRINUSE) {
    return fmt::format(
        "port {} on {} is in use: stop the other program or choose another with --http-port",
        port,
        host);
  }
  return fmt::format("cannot listen on {} port {}: {}",
                     host,
                     port,
                     error == 0 ? "no such address" : std::strerror(error));
}

}  // namespace

/// cpp-httplib with its socket, its parser and its threads on a short lead.
///
/// It listens, accepts, reads bodies and writes answers. Its faults that clients could use
/// (smuggling, unlimited heads, decoded header values, compression, ranges, regular expressions on
/// paths) are out of reach: it never parses a byte of a client's head. parse_request_head does, and
/// what passes is shown to it as `METHOD /` with one plain Content-Length.
class Server::Listener final : public httplib::Server {
 public:
  Listener(ServerOptions options, Router router, const base::Log& log);
  ~Listener() override;

  [[nodiscard]] int port() const noexcept { return port_; }

 private:
  void set_up();
  /// The port that was bound, or the sentence that says why none.
  [[nodiscard]] base::Result<int, std::string> bind(int port);
  void accept_until_stopped();
  [[nodiscard]] bool listen_again();
  void shut_down();
  bool process_and_close_socket(socket_t socket) override;
  void serve(base::FileDescriptor socket);
  void answer(const httplib::Request& request,
              httplib::Response& response,
              const httplib::ContentReader* body) const;

  ServerOptions options_;
  const base::Log& log_;
  Dispatcher dispatcher_;
  std::stop_source stopping_;
  int bound_socket_ = -1;  // Set while binding, by the thread that binds.
  // A second handle of the listening socket: shutting it down wakes accept without the race over
  // its number that httplib::Server::stop has.
  base::Guarded<base::FileDescriptor> listening_;
  int port_ = 0;
  std::jthread accepting_;
};

Server::Listener::Listener(ServerOptions options, Router router, const base::Log& log)
    : options_{std::move(options)}, log_{log}, dispatcher_{std::move(router), options_.cors, log} {
  set_up();
  const auto bound = bind(options_.port);
  if (!bound) throw base::Error{bound.error()};
  port_ = *bound;
  accepting_ = std::jthread{[this] { accept_until_stopped(); }};
}

Server::Listener::~Listener() {
  stopping_.request_stop();
  shut_down();
}

void Server::Listener::set_up() {
  set_keep_alive_max_count(1);
  set_tcp_nodelay(true);
  set_read_timeout(options_.connection.silence);
  set_write_timeout(options_.connection.silence);
  // Without SO_REUSEPORT, so that a second server on the port fails instead of sharing it.
  set_socket_options([this](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    bound_socket_ = socket;
  });
  new_task_queue = [this] { return new BoundedTaskQueue{options_.threads, options_.queue}; };

  const auto without_body = [this](const httplib::Request& request, httplib::Response& response) {
    answer(request, response, nullptr);
  };
  const auto with_body = [this](const httplib::Request& request,
                                httplib::Response& response,
                                const httplib::ContentReader& body) {
    answer(request, response, &body);
  };
  Get("/", without_body);
  Options("/", without_body);
  Post("/", with_body);
  Put("/", with_body);
  Patch("/", with_body);
  Delete("/", with_body);
  set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
    // RFC 9110, section 8.6: these have no body, and a length of 0 would say it is empty.
    if (response.status == 204 || response.status == 304) response.headers.erase("Content-Length");
  });
  // Nothing gets here: `answer` lets nothing out. The library's own would send what() to clients.
  set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, auto) { response.status = 500; });
}

base::Result<int, std::string> Server::Listener::bind(int port) {
  errno = 0;
  const int bound = port == 0                           ? bind_to_any_port(options_.host)
                    : bind_to_port(options_.host, port) ? port
                                                        : -1;
  if (bound < 0) return base::fail(bind_trouble(options_.host, port, errno));
  // The library's own backlog of 5 is compiled into it.
  ::listen(bound_socket_, options_.backlog);
  listening_.with([this](base::FileDescriptor& socket) {
    socket = base::FileDescriptor{::fcntl(bound_socket_, F_DUPFD_CLOEXEC, 0)};
  });
  return bound;
}

void Server::Listener::shut_down() {
  listening_.with([](const base::FileDescriptor& socket) {
    if (socket) ::shutdown(socket.get(), SHUT_RDWR);
  });
}

void Server::Listener::accept_until_stopped() {
  do {
    listen_after_bind();  // Returns when the socket was shut down, or broke.
  } while (!stopping_.stop_requested() && listen_again());
}

// The library gives up after any error of accept but one, for instance a client that left too
// early. It is put back to work.
bool Server::Listener::listen_again() {
  log_.error("http server lost its listening socket and opens it again", {{"port", port_}});
  listening_.with([](base::FileDescriptor& socket) { socket = base::FileDescriptor{}; });
  base::WakeSignal never;
  while (!stopping_.stop_requested()) {
    if (bind(port_)) {
      // A stop that came before the socket did found nothing to shut down.
      if (stopping_.stop_requested()) shut_down();
      return true;
    }
    never.wait_for(stopping_.get_token(), kListenAgainAfter);
  }
  return false;
}

bool Server::Listener::process_and_close_socket(socket_t socket) {
  // Nothing may escape into the library's threads: it would end the process.
  try {
    serve(base::FileDescriptor{socket});
  } catch (...) {
    log_.error("a connection was dropped: out of memory?");
  }
  return true;
}

void Server::Listener::serve(base::FileDescriptor socket) {
  Connection connection{std::move(socket), options_.connection, stopping_.get_token()};
  const auto bytes = connection.receive_head();
  if (bytes && bytes->empty()) return;
  const base::Result<RequestHead, wire::Problem> head =
      bytes ? parse_request_head(*bytes, options_.head) : base::fail(bytes.error());
  if (!head) {
    static_cast<void>(connection.write(bytes_of(dispatcher_.refuse(head.error()))));
    return;
  }
  const std::uint64_t body_bytes = declared_length(head->headers).value_or(0);
  connection.replace_head(
      plain_head(head->method, body_bytes), body_bytes, head->headers.contains("expect"));

  ConnectionStream stream{connection};
  bool is_closed = false;
  process_request(stream, /*close_connection=*/true, is_closed, [&head](httplib::Request& request) {
    request.target = head->target;
    request.headers.clear();
    for (const auto& [name, value] : head->headers) {
      // Without the first nothing is compressed; the second is the Connection's.
      if (name == "accept-encoding" || name == "expect") continue;
      request.headers.emplace(name, value);
    }
  });
}

void Server::Listener::answer(const httplib::Request& request,
                              httplib::Response& response,
                              const httplib::ContentReader* body) const {
  const auto read_body = [body](std::size_t bytes) -> std::optional<std::string> {
    std::string text;
    text.reserve(bytes);
    const bool is_read = body != nullptr && (*body)([&](const char* piece, std::size_t size) {
                           text.append(piece, size);
                           return text.size() <= bytes;
                         });
    if (!is_read || text.size() != bytes) return std::nullopt;
    return text;
  };
  Dispatcher::Arrival arrival{.head = {.method = request.method,
                                       .target = request.target,
                                       .headers = {request.headers.begin(), request.headers.end()}},
                              .remote_address = request.remote_addr,
                              .stopping = stopping_.get_token()};
  copy_to(dispatcher_.answer(std::move(arrival), read_body), response);
}

Server::Server(ServerOptions options, Router router, const base::Log& log)
    : listener_{std::make_unique<Listener>(std::move(options), std::move(router), log)} {}

Server::~Server() = default;

int Server::port() const noexcept {
  return listener_->port();
}

}  // namespace http
