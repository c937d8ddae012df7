#include "unit/http/slow_clients.hpp"

#include "base/pause.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>

namespace http_test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kTurns = 40;
constexpr auto kTurn = 50ms;  // 40 of them are the two seconds between two bytes.

}  // namespace

SlowClients::SlowClients(int port, std::vector<SlowKind> kinds)
    : port_{port}, kinds_{std::move(kinds)} {
  for (const SlowKind& kind : kinds_) {
    for (std::size_t count = 0; count < kind.clients; ++count) clients_.push_back({&kind, {}});
  }
  for (Client& client : clients_) connect(client);
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void SlowClients::run(const std::stop_token& stop) {
  for (std::size_t turn = 0; !stop.stop_requested(); turn = (turn + 1) % kTurns) {
    for (std::size_t at = turn; at < clients_.size(); at += kTurns) {
      Client& client = clients_[at];
      if (is_thrown_out(client)) {
        ++thrown_out_;
        connect(client);
      } else if (client.kind->drips) {
        ::send(client.socket.get(), "a", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
      }
    }
    base::pause(stop, kTurn);
  }
}

void SlowClients::connect(Client& client) const {
  client.socket = base::FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::connect(client.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  ::send(client.socket.get(),
         client.kind->begin.data(),
         client.kind->begin.size(),
         MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool SlowClients::is_thrown_out(const Client& client) {
  pollfd state{.fd = client.socket.get(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) != 0;
}

}  // namespace http_test
