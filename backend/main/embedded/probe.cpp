#include "main/embedded/probe.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace embedded {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Probe::Probe(std::uint16_t port, std::string question, std::size_t answer_size)
    : port_{port}, question_{std::move(question)}, answer_size_{answer_size} {}

std::optional<std::string> Probe::ask(milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  if (!socket_ && !connect()) return std::nullopt;
  Step step = Step::kMore;
  while (step == Step::kMore && answer_.size() < answer_size_) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    const short awaited = is_asked_ ? POLLIN : POLLOUT;
    pollfd watched{.fd = socket_.get(), .events = awaited, .revents = 0};
    if (::poll(&watched, 1, static_cast<int>(std::max<long>(left, 0))) <= 0) return std::nullopt;
    step = go_on();
  }
  std::string answer = std::move(answer_);
  reset();
  if (step == Step::kNobody) return std::nullopt;
  return answer;
}

void Probe::reset() {
  socket_ = base::FileDescriptor{};
  is_asked_ = false;
  answer_.clear();
}

bool Probe::connect() {
  base::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* const any = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), any, sizeof address) != 0 && errno != EINPROGRESS) return false;
  socket_ = std::move(socket);
  return true;
}

// What the socket is ready for.
Probe::Step Probe::go_on() {
  if (!is_asked_) {
    const ssize_t sent = ::send(socket_.get(), question_.data(), question_.size(), MSG_NOSIGNAL);
    is_asked_ = sent == static_cast<ssize_t>(question_.size());
    return is_asked_ ? Step::kMore : Step::kNobody;
  }
  std::string part(answer_size_ - answer_.size(), '\0');
  const ssize_t got = ::recv(socket_.get(), part.data(), part.size(), 0);
  if (got <= 0) return Step::kHungUp;
  answer_.append(part, 0, static_cast<std::size_t>(got));
  return Step::kMore;
}

}  // namespace embedded
