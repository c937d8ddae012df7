#include "bridge_proxy.hpp"

#include "base/error.hpp"
#include "support/eventually.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <list>
#include <optional>
#include <string_view>
#include <vector>

namespace bridge_test {
namespace {

constexpr int kLookAgainMs = 5;
constexpr std::size_t kHeldMost = std::size_t{256} * 1024;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

base::FileDescriptor listening() {
  base::FileDescriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const sockaddr_in address = loopback(0);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 64) != 0) {
    throw base::Error("the proxy cannot listen");
  }
  return listener;
}

int port_of(const base::FileDescriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

/// One end of a link: its socket, and what is to be sent there.
struct End {
  base::FileDescriptor socket;
  std::string outgoing;

  // False when the end is closed. Nothing to read is true.
  [[nodiscard]] bool read_into(std::string& bytes) const {
    std::array<char, 16384> buffer;
    const auto count = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) bytes.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
  }

  [[nodiscard]] bool write() {
    if (outgoing.empty()) return true;
    const auto count =
        ::send(socket.get(), outgoing.data(), outgoing.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) outgoing.erase(0, static_cast<std::size_t>(count));
    return count > 0 || errno == EAGAIN || errno == EINTR;
  }
};

// The first packet in `bytes`, which it is taken from; none while it is incomplete.
// Source: MQTT 5.0, 2.1.
std::optional<std::string> take_packet(std::string& bytes) {
  std::size_t length = 0;
  std::size_t at = 1;
  for (unsigned shift = 0; shift < 28; shift += 7, ++at) {
    if (at >= bytes.size()) return std::nullopt;
    const auto digit = static_cast<unsigned char>(bytes[at]);
    length |= static_cast<std::size_t>(digit & 0x7FU) << shift;
    if ((digit & 0x80U) == 0) break;
  }
  if (bytes.size() < at + 1 + length) return std::nullopt;
  std::string packet = bytes.substr(0, at + 1 + length);
  bytes.erase(0, packet.size());
  return packet;
}

enum class PacketType : unsigned { kPublish = 3, kPuback = 4 };

bool is(PacketType type, std::string_view packet) {
  return static_cast<unsigned char>(packet[0]) >> 4U == static_cast<unsigned>(type);
}

}  // namespace

class BrokerProxy::Link {
 public:
  Link(base::FileDescriptor client, int broker_port) {
    client_.socket = std::move(client);
    server_.socket = base::FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_in address = loopback(broker_port);
    is_open_ =
        ::connect(
            server_.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const int on = 1;
    for (const End* end : {&client_, &server_}) {
      ::setsockopt(end->socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
  }

  [[nodiscard]] bool is_open() const { return is_open_; }
  /// True of every link when `client_id` is empty.
  [[nodiscard]] bool is_of(const std::string& client_id) const {
    return first_packet_.find(client_id) != std::string::npos;
  }

  [[nodiscard]] bool takes_from_client(const Orders& orders) const {
    const bool is_stalled = orders.mode == Mode::kStall && is_of(orders.whom);
    return !is_stalled && server_.outgoing.size() < kHeldMost;
  }

  /// What to wait for at the client's socket and at the server's.
  [[nodiscard]] std::array<pollfd, 2> interests(const Orders& orders) const {
    return {interest(client_, takes_from_client(orders)),
            interest(server_, client_.outgoing.size() < kHeldMost)};
  }

  /// Returns how many of the packets were PUBLISH.
  [[nodiscard]] std::size_t move_from_client() {
    std::size_t publishes = 0;
    is_open_ &= client_.read_into(requests_);
    while (const auto packet = take_packet(requests_)) {
      if (first_packet_.empty()) first_packet_ = *packet;
      if (is(PacketType::kPublish, *packet)) ++publishes;
      server_.outgoing += *packet;
    }
    return publishes;
  }

  void move_from_server(const Orders& orders) {
    is_open_ &= server_.read_into(replies_);
    while (const auto packet = take_packet(replies_)) {
      if (orders.mode == Mode::kSwallowAcks && is(PacketType::kPuback, *packet)) continue;
      client_.outgoing += *packet;
      if (orders.mode == Mode::kDropAfterGreeting) {
        write();
        is_open_ = false;
        return;
      }
    }
  }

  void write() {
    is_open_ &= client_.write();
    is_open_ &= server_.write();
  }

 private:
  static pollfd interest(const End& end, bool reads) {
    const int events = (reads ? POLLIN : 0) | (end.outgoing.empty() ? 0 : POLLOUT);
    // A socket that is not asked for anything is left out: it would only report its end.
    return {.fd = events == 0 ? -1 : end.socket.get(),
            .events = static_cast<short>(events),
            .revents = 0};
  }

  End client_;
  End server_;
  std::string first_packet_;  // Of the client; it says its name.
  std::string requests_;      // Incomplete packets, of either side.
  std::string replies_;
  bool is_open_ = false;
};

BrokerProxy::BrokerProxy(int broker_port)
    : broker_port_{broker_port},
      listener_{listening()},
      port_{port_of(listener_)},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

std::string BrokerProxy::url() const {
  return "mqtt://127.0.0.1:" + std::to_string(port_);
}

void BrokerProxy::pass() {
  order(Mode::kPass);
}
void BrokerProxy::swallow_acks() {
  order(Mode::kSwallowAcks);
}
void BrokerProxy::stall(const std::string& client_id) {
  order(Mode::kStall, client_id);
}
void BrokerProxy::refuse() {
  order(Mode::kRefuse, "", /*cuts=*/true);
}
void BrokerProxy::drop_after_greeting() {
  order(Mode::kDropAfterGreeting, "", /*cuts=*/true);
}
void BrokerProxy::cut(const std::string& client_id) {
  orders_.with([&](Orders& orders) {
    orders.cuts = true;
    orders.cut_whom = client_id;
  });
}

// Returns when the proxy acts on it: a packet sent after that meets the new mode.
void BrokerProxy::order(Mode mode, const std::string& whom, bool cuts) {
  const std::size_t given = orders_.with([&](Orders& orders) {
    orders.mode = mode;
    orders.whom = whom;
    if (cuts) {
      orders.cuts = true;
      orders.cut_whom.clear();
    }
    return ++orders.given;
  });
  static_cast<void>(support::eventually(
      [&] { return orders_.with([&](const Orders& orders) { return orders.taken >= given; }); }));
}

std::size_t BrokerProxy::accepted() const {
  return orders_.with([](const Orders& orders) { return orders.accepted; });
}
std::size_t BrokerProxy::open() const {
  return orders_.with([](const Orders& orders) { return orders.open; });
}

std::size_t BrokerProxy::publishes() const {
  return orders_.with([](const Orders& orders) { return orders.publishes; });
}

void BrokerProxy::run(const std::stop_token& stop) {
  std::list<Link> links;
  while (!stop.stop_requested()) {
    const Orders orders = orders_.with([&](Orders& current) {
      current.open = links.size();
      current.taken = current.given;
      Orders copy = current;
      current.cuts = false;
      return copy;
    });
    if (orders.cuts) {
      links.remove_if([&](const Link& link) { return link.is_of(orders.cut_whom); });
    }

    std::vector<pollfd> sockets{{.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const Link& link : links) {
      for (const pollfd& socket : link.interests(orders)) sockets.push_back(socket);
    }
    if (::poll(sockets.data(), sockets.size(), kLookAgainMs) <= 0) continue;

    auto socket = sockets.begin() + 1;
    std::size_t publishes = 0;
    for (Link& link : links) {
      if ((socket++)->revents != 0 && link.takes_from_client(orders)) {
        publishes += link.move_from_client();
      }
      if ((socket++)->revents != 0) link.move_from_server(orders);
      link.write();
    }
    orders_.with([&](Orders& current) { current.publishes += publishes; });
    links.remove_if([](const Link& link) { return !link.is_open(); });

    base::FileDescriptor client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!client) continue;
    orders_.with([](Orders& current) { ++current.accepted; });
    if (orders.mode != Mode::kRefuse) links.emplace_back(std::move(client), broker_port_);
  }
}

}  // namespace bridge_test
