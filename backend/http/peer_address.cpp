#include "http/peer_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace http {
namespace {

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(family, address, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

PeerAddress ipv4(std::span<const std::uint8_t, 4> bytes) {
  // A /64 that begins with zeros is never routed, so it cannot be mistaken for this.
  PeerAddress peer{.text = text_of(AF_INET, bytes.data()), .network = {}, .is_loopback = false};
  std::copy(bytes.begin(), bytes.end(), peer.network.begin() + 4);
  peer.is_loopback = bytes[0] == 127;
  return peer;
}

}  // namespace

PeerAddress peer_address(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    return ipv4(bytes);
  }
  if (address.ss_family != AF_INET6) return {};
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return ipv4(std::span{bytes}.last<4>());

  PeerAddress peer{.text = text_of(AF_INET6, bytes.data()), .network = {}, .is_loopback = false};
  std::copy_n(bytes.begin(), peer.network.size(), peer.network.begin());
  peer.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  return peer;
}

}  // namespace http
