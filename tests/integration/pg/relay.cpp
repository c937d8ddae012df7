#include "integration/pg/relay.hpp"

#include "base/error.hpp"
#include "pg/session.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

namespace pg_test {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// sockaddr is the C library's base class; there is no other way to pass a derived one.
sockaddr* generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

base::FileDescriptor listening_socket() {
  base::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address = loopback(0);
  if (::bind(socket.get(), generic(address), sizeof address) != 0 ||
      ::listen(socket.get(), 1) != 0) {
    throw base::Error{"the relay cannot listen"};
  }
  return socket;
}

int port_of(int socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(socket, generic(address), &length);
  return ntohs(address.sin_port);
}

bool is_readable(int socket) {
  pollfd descriptor{.fd = socket, .events = POLLIN, .revents = 0};
  return ::poll(&descriptor, 1, /*timeout_ms=*/10) > 0;
}

}  // namespace

Relay::Relay(const std::string& url) : server_port_{0}, listener_{listening_socket()} {
  for (const auto& [key, value] : pg::parse_connection_string(url)) {
    if (key == "port") server_port_ = std::stoi(value);
    const std::string own = std::to_string(port_of(listener_.get()));
    url_ += key + "='" + (key == "port" ? own : value) + "' ";
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
}

Relay::~Relay() = default;

int Relay::round_trips() const {
  return state_.with([](const State& state) { return state.round_trips; });
}

void Relay::cut_at_answer() {
  state_.with([](State& state) { state.mode = Mode::kCutAtAnswer; });
}

void Relay::fall_silent() {
  state_.with([](State& state) { state.mode = Mode::kSilent; });
}

void Relay::go_deaf() {
  state_.with([](State& state) { state.mode = Mode::kDeaf; });
}

void Relay::serve(const std::stop_token& stop) {
  while (!is_readable(listener_.get())) {
    if (stop.stop_requested()) return;
  }
  const base::FileDescriptor client{::accept(listener_.get(), nullptr, nullptr)};
  const base::FileDescriptor server{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address = loopback(server_port_);
  if (::connect(server.get(), generic(address), sizeof address) != 0) return;

  while (!stop.stop_requested()) {
    std::array<pollfd, 2> sockets{pollfd{.fd = client.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = server.get(), .events = POLLIN, .revents = 0}};
    ::poll(sockets.data(), sockets.size(), /*timeout_ms=*/10);
    const Mode mode = state_.with([](const State& state) { return state.mode; });
    if (mode == Mode::kSilent) continue;
    // The server first: what it still has to say is older than what the client says next.
    if (mode != Mode::kDeaf && sockets[1].revents != 0 &&
        !pass(server.get(), client.get(), /*is_client=*/false)) {
      return;
    }
    if (sockets[0].revents != 0 && !pass(client.get(), server.get(), /*is_client=*/true)) return;
  }
}

bool Relay::pass(int from, int to, bool is_client) {
  std::array<char, 65536> buffer{};
  const ssize_t length = ::recv(from, buffer.data(), buffer.size(), 0);
  if (length <= 0) return false;
  const bool is_cut = state_.with([&](State& state) {
    if (is_client && !state.was_client_last) ++state.round_trips;
    state.was_client_last = is_client;
    return state.mode == Mode::kCutAtAnswer && !is_client;
  });
  if (is_cut) return false;
  return ::send(to, buffer.data(), static_cast<std::size_t>(length), MSG_NOSIGNAL) == length;
}

}  // namespace pg_test
