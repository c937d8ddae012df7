#include "http/connection.hpp"

#include "http/request_head.hpp"
#include "http/transport_problem.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace http {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kReceiveBytes = 8 * 1024;
constexpr std::size_t kUnsentBytesMax = 64 * 1024;
constexpr auto kStopGrace = 1s;
constexpr auto kStopLook = 250ms;  // How often a waiting thread looks whether to stop.
// A socket closed with unread input is reset, and a reset takes the answer away from the client.
constexpr auto kDrainTime = 500ms;
constexpr std::size_t kDrainBytesMax = 256 * 1024;

}  // namespace

Connection::Connection(base::FileDescriptor socket,
                       const ConnectionLimits& limits,
                       std::stop_token stop)
    : socket_{std::move(socket)},
      limits_{limits},
      stop_{std::move(stop)},
      receive_until_{steady_clock::now() + limits.receiving} {
  // A child process must not keep a client's connection open.
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
}

Connection::~Connection() {
  if (flush() && (body_left_ > 0 || read_at_ < received_.size())) drain();
}

base::Result<std::string_view, wire::Problem> Connection::receive_head() {
  std::array<char, kReceiveBytes> piece{};
  std::size_t searched = 0;
  while (true) {
    const std::size_t end = received_.find(kHeadEnd, searched);
    if (end != std::string::npos) {
      return std::string_view{received_}.substr(0, end + kHeadEnd.size());
    }
    searched = received_.size() - std::min(received_.size(), kHeadEnd.size() - 1);
    if (!may_become_head(received_)) {
      return base::fail(transport_problem::malformed_request("This is not HTTP/1.1."));
    }
    if (received_.size() > limits_.head_bytes_max) {
      return base::fail(received_.find("\r\n") == std::string::npos
                            ? transport_problem::uri_too_long()
                            : wire::problem::too_many_headers());
    }
    const ssize_t size = receive(piece.data(), piece.size());
    if (size <= 0) {
      if (received_.empty()) {
        body_left_ = 0;
        return std::string_view{};
      }
      return base::fail(transport_problem::request_timeout());
    }
    received_.append(piece.data(), static_cast<std::size_t>(size));
  }
}

void Connection::replace_head(std::string_view head,
                              std::uint64_t body_bytes,
                              bool waits_for_continue) {
  received_.replace(0, received_.find(kHeadEnd) + kHeadEnd.size(), head);
  const std::uint64_t here = received_.size() - head.size();
  body_left_ = body_bytes - std::min(body_bytes, here);
  waits_for_continue_ = waits_for_continue && body_left_ > 0;
}

ssize_t Connection::read(char* into, std::size_t size) {
  if (read_at_ < received_.size()) {
    const std::size_t taken = std::min(size, received_.size() - read_at_);
    std::memcpy(into, received_.data() + read_at_, taken);
    read_at_ += taken;
    return static_cast<ssize_t>(taken);
  }
  if (std::exchange(waits_for_continue_, false) &&
      !(write("HTTP/1.1 100 Continue\r\n\r\n") && flush())) {
    return -1;
  }
  const ssize_t taken = receive(into, size);
  if (taken > 0) body_left_ -= std::min(body_left_, static_cast<std::uint64_t>(taken));
  return taken;
}

bool Connection::write(std::string_view bytes) {
  unsent_.append(bytes);
  return unsent_.size() < kUnsentBytesMax || flush();
}

bool Connection::flush() {
  if (send_until_ == Time::max()) send_until_ = steady_clock::now() + limits_.sending;
  std::string_view left = unsent_;
  while (!left.empty()) {
    const ssize_t sent =
        ::send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      left.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EINTR && (errno != EAGAIN || !wait_for(POLLOUT, send_until_))) {
      unsent_.clear();
      return false;
    }
  }
  unsent_.clear();
  return true;
}

ssize_t Connection::receive(char* into, std::size_t size) {
  const Time silent_until = steady_clock::now() + limits_.silence;
  while (true) {
    const ssize_t received = ::recv(socket_.get(), into, size, MSG_DONTWAIT);
    if (received >= 0) return received;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !wait_for(POLLIN, std::min(silent_until, receive_until_))) return -1;
  }
}

bool Connection::wait_for(short events, Time until) {
  while (true) {
    const Time now = steady_clock::now();
    if (stop_.stop_requested()) {
      receive_until_ = std::min(receive_until_, now + kStopGrace);
      until = std::min(until, now + kStopGrace);
    }
    if (now >= until) return false;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    pollfd waiting{.fd = socket_.get(), .events = events, .revents = 0};
    const auto look = std::min<std::chrono::milliseconds>(left, kStopLook);
    if (::poll(&waiting, 1, static_cast<int>(look.count())) > 0) return true;
  }
}

void Connection::drain() {
  ::shutdown(socket_.get(), SHUT_WR);
  receive_until_ = steady_clock::now() + kDrainTime;
  std::array<char, kReceiveBytes> discarded{};
  std::size_t bytes = 0;
  while (bytes < kDrainBytesMax) {
    const ssize_t size = receive(discarded.data(), discarded.size());
    if (size <= 0) return;
    bytes += static_cast<std::size_t>(size);
  }
}

std::string Connection::remote_address() const {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  if (::getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* address =
      peer.ss_family == AF_INET6
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(&peer)->sin6_addr)
          : &reinterpret_cast<const sockaddr_in*>(&peer)->sin_addr;
  if (::inet_ntop(peer.ss_family, address, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

}  // namespace http
