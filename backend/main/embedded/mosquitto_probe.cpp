#include "main/embedded/mosquitto_probe.hpp"

#include "base/check.hpp"

#include <string>

namespace embedded {
namespace {

std::string with_length(std::string_view text) {
  return std::string{static_cast<char>(text.size() >> 8U), static_cast<char>(text.size())}.append(
      text);
}

}  // namespace

Probe mosquitto_probe(std::uint16_t port, const BrokerCredentials& credentials) {
  constexpr char kLevel311 = 4;
  constexpr char kFlags = static_cast<char>(0xC2);  // User name, password, clean session.
  std::string body = with_length("MQTT");
  body += {kLevel311, kFlags, /*keep alive, seconds=*/0, 10};
  body += with_length("earshot-probe") + with_length(credentials.username) +
          with_length(credentials.password);
  base::check(body.size() < 128, "the probe's packet has a length of one byte");
  const std::string packet = std::string{0x10, static_cast<char>(body.size())} + body;
  return Probe{port, packet, kConnectionAccepted.size()};
}

}  // namespace embedded
