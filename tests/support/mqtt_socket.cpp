#include "base/error.hpp"
#include "support/mqtt_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace support {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{10'000};

base::FileDescriptor connected(int port) {
  base::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* peer = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), peer, sizeof address) != 0) {
    throw base::Error{std::string{"cannot reach the broker: "} + std::strerror(errno)};
  }
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

std::size_t value_of(char letter) {
  return static_cast<unsigned char>(letter);
}

char byte(std::size_t value) {
  return static_cast<char>(static_cast<unsigned char>(value & 0xFFU));
}

}  // namespace

std::string frame_bytes(std::string_view payload, const Frame& frame) {
  constexpr std::string_view kMask = "mask";
  const std::size_t mask_bit = frame.is_masked ? 0x80 : 0;
  std::string bytes{byte(frame.opcode + (frame.is_final ? 0x80U : 0U))};
  if (payload.size() < 126) {
    bytes += byte(mask_bit + payload.size());
  } else {
    const bool is_short = payload.size() < 65'536;
    bytes += byte(mask_bit + (is_short ? 126 : 127));
    for (std::size_t shift = is_short ? 16 : 64; shift > 0; shift -= 8) {
      bytes += byte(payload.size() >> (shift - 8));
    }
  }
  if (!frame.is_masked) return bytes.append(payload);
  bytes += kMask;
  for (std::size_t index = 0; index < payload.size(); ++index) {
    bytes += byte(value_of(payload[index]) ^ value_of(kMask[index % kMask.size()]));
  }
  return bytes;
}

MqttSocket::MqttSocket(int port, Transport transport)
    : transport_{transport}, socket_{connected(port)} {
  if (transport_ == Transport::kWebSocket) upgrade(port);
}

void MqttSocket::upgrade(int port) {
  send_raw("GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
  std::size_t end = std::string::npos;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (hear(kPatience) != Heard::kBytes) throw base::Error{"the broker does not upgrade"};
  }
  if (!received_.starts_with("HTTP/1.1 101")) throw base::Error{"the broker refuses to upgrade"};
  received_.erase(0, end + 4);
}

void MqttSocket::send(std::string_view bytes) {
  send_raw(transport_ == Transport::kTcp ? std::string{bytes} : frame_bytes(bytes));
}

void MqttSocket::send_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

MqttSocket::Heard MqttSocket::hear(milliseconds limit) {
  pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(limit.count())) <= 0) return Heard::kNothing;
  std::array<char, 16'384> buffer{};
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size <= 0) return Heard::kEnd;
  received_.append(buffer.data(), static_cast<std::size_t>(size));
  return Heard::kBytes;
}

std::optional<Packet> MqttSocket::next() {
  while (true) {
    if (transport_ == Transport::kTcp) {
      packets_ += received_;
      received_.clear();
    } else {
      unpack_frames();
    }
    if (auto packet = take_packet(packets_)) return packet;
    const Heard heard = hear(kPatience);
    if (heard == Heard::kEnd) return std::nullopt;
    if (heard == Heard::kNothing) throw base::Error{"the broker says nothing"};
  }
}

// A server's frames are not masked. Others than data (close, ping) carry no MQTT.
void MqttSocket::unpack_frames() {
  while (received_.size() >= 2) {
    std::size_t size = value_of(received_[1]) & 0x7FU;
    std::size_t begin = 2;
    if (size >= 126) {
      begin += size == 126 ? 2 : 8;
      if (received_.size() < begin) return;
      size = 0;
      for (std::size_t at = 2; at < begin; ++at) size = size * 256 + value_of(received_[at]);
    }
    if (received_.size() < begin + size) return;
    if ((value_of(received_[0]) & 0x0FU) <= 2) packets_.append(received_, begin, size);
    received_.erase(0, begin + size);
  }
}

bool MqttSocket::is_cut(milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    const Heard heard = hear(left);
    if (heard != Heard::kBytes) return heard == Heard::kEnd;
    received_.clear();
  }
}

}  // namespace support
