#include "bench/mqtt_client.hpp"

#include "base/error.hpp"
#include "support/mqtt_packet.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>

namespace bench {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A client's frame, masked with nothing.
std::string frame_of(std::string_view payload) {
  std::string frame{'\x82'};
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80U | payload.size());
  } else {
    frame += '\xFE';
    frame += support::two_bytes(payload.size());
  }
  return frame.append(4, '\0').append(payload);
}

constexpr std::string_view kUpgrade =
    "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

}  // namespace

int free_port() {
  const base::FileDescriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), any, size) != 0 || ::getsockname(listener.get(), any, &size) != 0) {
    throw base::Error{"no free port"};
  }
  return ntohs(address.sin_port);
}

std::size_t frame_overhead(std::size_t payload_bytes) {
  return payload_bytes < 126 ? 2 : 4;
}

MqttClient::MqttClient(int port, Transport transport) : transport_{transport} {
  const sockaddr_in address = loopback(port);
  const auto* peer = reinterpret_cast<const sockaddr*>(&address);
  const auto end = Steady::now() + 10s;
  do {  // A broker that has just been started may not listen yet.
    socket_ = base::FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::connect(socket_.get(), peer, sizeof address) == 0) return;
    static_cast<void>(::poll(nullptr, 0, /*timeout=*/10));
  } while (Steady::now() < end);
  throw base::Error{"the broker does not listen"};
}

void MqttClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw base::Error{"the broker hung up"};
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void MqttClient::send_packet(std::string_view packet) const {
  if (transport_ == Transport::kTcp) return send(packet);
  send(frame_of(packet));
}

void MqttClient::receive_more(std::string& received) const {
  std::array<char, 512> buffer{};
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size <= 0) throw base::Error{"the broker hung up"};
  received.append(buffer.data(), static_cast<std::size_t>(size));
}

void MqttClient::take_answer() const {
  std::string received;
  while (true) {
    receive_more(received);
    std::string packet = received;
    if (transport_ == Transport::kWebSockets) packet.erase(0, frame_overhead(0));
    if (const auto answer = support::take_packet(packet)) {
      if (answer->body.empty() || answer->body.back() != 0) throw base::Error{"refused"};
      return;
    }
  }
}

void MqttClient::ask_for_web_socket() const {
  send(kUpgrade);
}

void MqttClient::take_web_socket() const {
  std::string received;
  while (!received.ends_with("\r\n\r\n")) receive_more(received);
  if (!received.starts_with("HTTP/1.1 101")) throw base::Error{"no WebSocket: " + received};
}

}  // namespace bench
