#include "main/embedded/mosquitto_probe.hpp"

#include "base/check.hpp"
#include "base/file_descriptor.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <string>
#include <string_view>

namespace embedded {
namespace {

std::string with_length(std::string_view text) {
  return std::string{static_cast<char>(text.size() >> 8U), static_cast<char>(text.size())}.append(
      text);
}

std::string connect_packet(const BrokerCredentials& credentials) {
  constexpr char kLevel311 = 4;
  constexpr char kFlags = static_cast<char>(0xC2);  // User name, password, clean session.
  std::string body = with_length("MQTT");
  body += {kLevel311, kFlags, /*keep alive, seconds=*/0, 10};
  body += with_length("earshot-probe") + with_length(credentials.username) +
          with_length(credentials.password);
  base::check(body.size() < 128, "the probe's packet has a length of one byte");
  return std::string{0x10, static_cast<char>(body.size())} + body;
}

}  // namespace

bool accepts_connection(std::uint16_t port, const BrokerCredentials& credentials) {
  const base::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return false;
  }

  const std::string packet = connect_packet(credentials);
  if (::send(socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) return false;
  std::string answer(4, '\0');
  if (::recv(socket.get(), answer.data(), answer.size(), MSG_WAITALL) != 4) return false;
  const std::string disconnect{static_cast<char>(0xE0), 0};
  if (::send(socket.get(), disconnect.data(), disconnect.size(), MSG_NOSIGNAL) < 0) return false;
  constexpr std::string_view kAccepted{"\x20\x02\x00\x00", 4};
  return answer == kAccepted;
}

}  // namespace embedded
