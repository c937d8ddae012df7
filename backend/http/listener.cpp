#include "http/listener.hpp"

#include "base/error.hpp"
#include "http/response_bytes.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace http {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr int kAcceptsPerTurn = 64;
// Twice that in the kernel's own account: 1.3 MB/s to a client whose round trip is 100 ms.
constexpr int kSocketBufferBytes = 128 * 1024;
constexpr auto kPause = 100ms;
constexpr auto kWarnAgainAfter = 60s;
// Given back when descriptors run out: one for the next client, the others for the rest of the
// process, which must be able to reach its database again.
constexpr int kDescriptorsGivenBack = 16;
constexpr std::chrono::seconds kRetryAfter{1};

std::string bind_trouble(const ListenerOptions& options, const error_code& error) {
  if (error == boost::asio::error::address_in_use) {
    return fmt::format(
        "port {} on {} is in use: stop the other program or choose another with --http-port",
        options.port,
        options.host);
  }
  return fmt::format(
      "cannot listen on {} port {}: {}", options.host, options.port, error.message());
}

tcp::endpoint resolve(const ListenerOptions& options, boost::asio::io_context& io) {
  error_code error;
  tcp::resolver resolver{io};
  const auto found = resolver.resolve(options.host,
                                      std::to_string(options.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service,
                                      error);
  if (error || found.empty()) throw base::Error{bind_trouble(options, error)};
  return *found.begin();
}

}  // namespace

Listener::Listener(ListenerOptions options, ConnectionContext& context)
    : options_{std::move(options)},
      context_{context},
      endpoint_{resolve(options_, context.io)},
      acceptor_{context.io},
      pause_{context.io} {
  if (const error_code error = open()) throw base::Error{bind_trouble(options_, error)};
  // Port 0 was a wish; from here on it is a number, also when the socket is opened again.
  endpoint_.port(acceptor_.local_endpoint().port());
  options_.port = endpoint_.port();
  wait();
}

error_code Listener::open() {
  error_code error;
  acceptor_.close(error);
  acceptor_.open(endpoint_.protocol(), error);
  if (error) return error;
  // A child process must not keep the port.
  ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
  // Without SO_REUSEPORT, so that a second server on the port fails instead of sharing it.
  acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
  // Accepted sockets inherit these. An answer's last bytes do not wait for the client's ACK.
  acceptor_.set_option(tcp::no_delay{true}, error);
  // The kernel alone would lend each client up to 4 MB for what it does not take, 6 MB for what it
  // sends ahead.
  acceptor_.set_option(boost::asio::socket_base::send_buffer_size{kSocketBufferBytes}, error);
  acceptor_.set_option(boost::asio::socket_base::receive_buffer_size{kSocketBufferBytes}, error);
  acceptor_.non_blocking(true, error);
  acceptor_.bind(endpoint_, error);
  if (error) return error;
  acceptor_.listen(options_.backlog, error);
  return error;
}

void Listener::wait() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [this](const error_code& error) {
    if (!error) accept_some();
  });
}

void Listener::accept_some() {
  if (context_.stopping.stop_requested()) return;  // stop() does the rest.
  for (int count = 0; count < kAcceptsPerTurn; ++count) {
    switch (accept_one()) {
      case Turn::kAccepted:
        break;
      case Turn::kNobodyWaits:
        return wait();
      case Turn::kNoDescriptors:
        warn("no descriptors are left for clients", "raise the limit of open files");
        for (int given = 0; given < kDescriptorsGivenBack; ++given) {
          const auto longest = context_.table.longest_in(Phase::kWaiting);
          if (longest) longest->make_room();
        }
        return pause();
      case Turn::kBroken:
        warn("the listening socket is broken and is opened again", options_.host);
        static_cast<void>(open());
        return pause();
    }
  }
  wait();
}

Listener::Turn Listener::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int fd = ::accept4(acceptor_.native_handle(),
                           reinterpret_cast<sockaddr*>(&address),
                           &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    switch (errno) {
      case EAGAIN:
        return Turn::kNobodyWaits;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return Turn::kNoDescriptors;
      case EBADF:
      case EINVAL:
      case ENOTSOCK:
        return Turn::kBroken;
      default:
        // Of a client that left before it was let in: accept(2), "Error handling".
        return Turn::kAccepted;
    }
  }
  error_code error;
  Socket socket{context_.io};
  socket.assign(endpoint_.protocol(), fd, error);
  if (error) {
    ::close(fd);
    return Turn::kNoDescriptors;
  }
  socket.non_blocking(true, error);
  admit(std::move(socket), peer_address(address));
  return Turn::kAccepted;
}

void Listener::admit(Socket socket, PeerAddress peer) {
  ConnectionTable& table = context_.table;
  if (!table.has_room_for(peer)) {
    return turn_away(socket, peer, wire::problem::too_many_requests(kRetryAfter));
  }
  if (table.is_full()) {
    warn("the connections are used up", "the one that waited longest makes room for the next");
    const auto longest = table.longest_in(Phase::kWaiting);
    if (!longest) {
      return turn_away(
          socket, peer, wire::problem::unavailable("Too many connections.", kRetryAfter));
    }
    longest->make_room();
  }
  auto connection = std::make_shared<Connection>(std::move(socket), std::move(peer), context_);
  table.add(connection);
  connection->start();
}

// As much of a farewell as costs nothing: who was turned away holds nothing of ours afterwards.
void Listener::turn_away(Socket& socket, const PeerAddress& peer, const wire::Problem& problem) {
  Exchange exchange;
  exchange.request_id = new_request_id();
  Response response = context_.dispatcher.refuse(problem);
  response.headers.emplace_back("X-Request-Id", exchange.request_id);
  const std::string bytes =
      response_head(response, AfterAnswer::kClose, std::chrono::system_clock::now()) +
      response.body;
  exchange.began = std::chrono::steady_clock::now();
  exchange.status = response.status;
  error_code error;
  exchange.bytes_out = socket.write_some(boost::asio::buffer(bytes), error);
  context_.access_log.write(exchange, peer.text, exchange.bytes_out == bytes.size());
  socket.shutdown(Socket::shutdown_send, error);
  // Input that is never read would turn the farewell into a reset.
  socket.read_some(boost::asio::buffer(context_.scratch), error);
}

void Listener::pause() {
  pause_.expires_after(kPause);
  pause_.async_wait([this](const error_code& error) {
    if (!error) accept_some();
  });
}

void Listener::stop() {
  pause_.cancel();
  for (int count = 0; count < options_.backlog && accept_one() == Turn::kAccepted; ++count) {
  }
  error_code error;
  acceptor_.close(error);
}

// Seldom: under attack it would be true for every client.
void Listener::warn(std::string_view sentence, std::string_view what) {
  const Time now = std::chrono::steady_clock::now();
  if (warned_at_ != Time{} && now - warned_at_ < kWarnAgainAfter) return;
  warned_at_ = now;
  context_.log.warning(sentence, {{"port", options_.port}, {"advice", what}});
}

}  // namespace http
