#include "cutting_proxy.hpp"

#include "base/error.hpp"
#include "pg/session.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace jobs_test {
namespace {

constexpr int kLookMs = 10;  // How soon a stop is seen.

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

base::FileDescriptor new_socket() {
  return base::FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
}

base::FileDescriptor listening_socket() {
  base::FileDescriptor socket = new_socket();
  sockaddr_in address = loopback(0);
  if (::bind(socket.get(), generic(address), sizeof address) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    throw base::Error{"the proxy cannot listen"};
  }
  return socket;
}

int port_of(int socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(socket, generic(address), &length);
  return ntohs(address.sin_port);
}

// Whether a message stores or ends jobs: by the names of the statements, which each use repeats.
bool is_commit(std::string_view message) {
  return message.find("accept") != std::string_view::npos ||
         message.find("job_complete") != std::string_view::npos;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string_view receive(int socket, std::array<char, 65536>& buffer) {
  const ssize_t length = ::recv(socket, buffer.data(), buffer.size(), 0);
  return {buffer.data(), length <= 0 ? 0 : static_cast<std::size_t>(length)};
}

}  // namespace

struct CuttingProxy::Wire {
  base::FileDescriptor client;
  base::FileDescriptor server;
};

CuttingProxy::CuttingProxy(const std::string& server_url, Options options)
    : options_{std::move(options)}, listener_{listening_socket()} {
  state_.with([&](State& state) { state.chance.seed(options_.seed); });
  for (const auto& [key, value] : pg::parse_connection_string(server_url)) {
    if (key == "port") server_port_ = std::stoi(value);
    const std::string own = std::to_string(port_of(listener_.get()));
    url_ += key + "='" + (key == "port" ? own : value) + "' ";
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) { accept_all(stop); }};
}

CuttingProxy::~CuttingProxy() {
  thread_.request_stop();
  thread_.join();
  // Joined outside of the lock that they take.
  auto connections = state_.with([](State& state) { return std::exchange(state.connections, {}); });
  for (std::jthread& one : connections) one.request_stop();
}

int CuttingProxy::cuts() const {
  return state_.with([](const State& state) { return state.cuts; });
}

void CuttingProxy::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{.fd = listener_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kLookMs) <= 0) continue;
    auto wire = std::make_shared<Wire>();
    wire->client = base::FileDescriptor{::accept(listener_.get(), nullptr, nullptr)};
    wire->server = new_socket();
    // So that a deaf one soon leaves the server without room.
    constexpr int kSmall = 64 * 1024;
    ::setsockopt(wire->server.get(), SOL_SOCKET, SO_RCVBUF, &kSmall, sizeof kSmall);
    sockaddr_in address = loopback(server_port_);
    // The server may be away; then its client sees this one close.
    if (::connect(wire->server.get(), generic(address), sizeof address) != 0) continue;
    state_.with([&](State& state) {
      state.connections.emplace_back(
          [this, wire](const std::stop_token& stop_one) { serve(stop_one, *wire); });
    });
  }
}

void CuttingProxy::serve(const std::stop_token& stop, const Wire& wire) {
  std::array<char, 65536> buffer{};
  std::size_t in_a_row = 0;
  bool is_deaf = false;
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> sockets{pollfd{.fd = wire.client.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = wire.server.get(),
                                         .events = static_cast<short>(is_deaf ? 0 : POLLIN),
                                         .revents = 0}};
    ::poll(sockets.data(), sockets.size(), kLookMs);
    // The server first: what it still has to say is older than what the client says next.
    if (sockets[1].revents != 0) {
      if (is_deaf) return;  // It has given up.
      const std::string_view message = receive(wire.server.get(), buffer);
      if (message.empty() || !send_all(wire.client.get(), message)) return;
      in_a_row += message.size();
      if (is_first_bulk(in_a_row)) {
        is_deaf = true;
        options_.on_bulk();
      }
    }
    if (sockets[0].revents != 0) {
      in_a_row = 0;
      if (!to_server(wire)) return;
    }
  }
}

bool CuttingProxy::to_server(const Wire& wire) {
  std::array<char, 65536> buffer{};
  const std::string_view message = receive(wire.client.get(), buffer);
  if (message.empty()) return false;
  const Cut cut = decide(message);
  if (cut == Cut::kBefore) return false;
  return send_all(wire.server.get(), message) && cut == Cut::kNo;
}

CuttingProxy::Cut CuttingProxy::decide(std::string_view message) {
  if (options_.cut_share == 0 || !is_commit(message)) return Cut::kNo;
  return state_.with([&](State& state) {
    std::uniform_real_distribution<double> any{0, 1};
    if (any(state.chance) >= options_.cut_share) return Cut::kNo;
    ++state.cuts;
    return any(state.chance) < 0.5 ? Cut::kBefore : Cut::kAfter;
  });
}

bool CuttingProxy::is_first_bulk(std::size_t bytes_in_a_row) {
  if (options_.bulk_bytes == 0 || bytes_in_a_row < options_.bulk_bytes) return false;
  return state_.with([](State& state) { return !std::exchange(state.is_bulk_told, true); });
}

}  // namespace jobs_test
