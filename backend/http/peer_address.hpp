#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace http {

/// Who is at the other end of a socket, as the kernel says; nothing that was sent can change it.
struct PeerAddress {
  std::string text;  // "203.0.113.7", "2001:db8::1"; an IPv4 address inside IPv6 is IPv4.
  // What one customer of a network has: an IPv4 address, or the first 64 bits of an IPv6 one.
  std::array<std::uint8_t, 8> network{};
  bool is_loopback = false;
};

[[nodiscard]] PeerAddress peer_address(const sockaddr_storage& address);

}  // namespace http
