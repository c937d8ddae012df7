#include "support/mqtt_packet.hpp"

#include "base/error.hpp"

namespace support {
namespace {

char byte(std::size_t value) {
  return static_cast<char>(static_cast<unsigned char>(value & 0xFFU));
}

std::size_t value_of(char letter) {
  return static_cast<unsigned char>(letter);
}

/// The properties of MQTT 5 with their length; nothing for 3.1.1.
std::string properties_of(Mqtt version, std::string_view properties) {
  if (version != Mqtt::k5) return {};
  return varying(properties.size()).append(properties);
}

struct Varying {
  std::size_t value;
  std::size_t bytes;
};

/// Nothing as long as it is not complete.
std::optional<Varying> varying_at(std::string_view bytes, std::size_t at) {
  Varying read{.value = 0, .bytes = 0};
  for (std::size_t shift = 0; shift < 28; shift += 7) {
    if (at + read.bytes >= bytes.size()) return std::nullopt;
    const std::size_t value = value_of(bytes[at + read.bytes++]);
    read.value |= (value & 0x7FU) << shift;
    if (value < 0x80U) return read;
  }
  throw base::Error{"the broker sent a length of more than four bytes"};
}

}  // namespace

std::string varying(std::size_t number) {
  std::string text;
  do {
    const std::size_t rest = number / 128;
    text += byte(number % 128 + (rest > 0 ? 128 : 0));
    number = rest;
  } while (number > 0);
  return text;
}

std::string two_bytes(std::size_t number) {
  return {byte(number / 256), byte(number)};
}

std::string counted(std::string_view text) {
  return two_bytes(text.size()).append(text);
}

std::string packet(PacketType type, std::uint8_t flags, std::string_view body) {
  const auto first = static_cast<std::size_t>(type) * 16 + flags;
  return (std::string{byte(first)} + varying(body.size())).append(body);
}

std::string bytes_of(const Connect& connect) {
  std::size_t flags = connect.is_clean ? 0x02 : 0;
  if (connect.will) flags |= 0x04U | (connect.will->is_retained ? 0x20U : 0U);
  if (connect.password) flags |= 0x40U;
  if (connect.username) flags |= 0x80U;
  constexpr std::size_t kKeepAliveS = 60;
  std::string body = counted("MQTT") + byte(static_cast<std::size_t>(connect.version)) +
                     byte(flags) + two_bytes(kKeepAliveS) +
                     properties_of(connect.version, connect.properties) +
                     counted(connect.client_id);
  if (connect.will) {
    body += properties_of(connect.version, connect.will->properties) +
            counted(connect.will->topic) + counted(connect.will->payload);
  }
  if (connect.username) body += counted(*connect.username);
  if (connect.password) body += counted(*connect.password);
  return packet(PacketType::kConnect, 0, body);
}

std::string bytes_of(Mqtt version, std::uint16_t id, const Publish& publish) {
  const auto flags = static_cast<std::uint8_t>(publish.qos * 2 + (publish.is_retained ? 1 : 0));
  const std::string body = counted(publish.topic) + (publish.qos > 0 ? two_bytes(id) : "") +
                           properties_of(version, publish.properties) + publish.payload;
  return packet(PacketType::kPublish, flags, body);
}

std::string subscribe_bytes(Mqtt version,
                            std::uint16_t id,
                            const std::vector<std::string>& filters,
                            std::uint8_t qos) {
  std::string body = two_bytes(id) + properties_of(version, "");
  for (const std::string& filter : filters) body += counted(filter) + byte(qos);
  return packet(PacketType::kSubscribe, 2, body);
}

std::string unsubscribe_bytes(Mqtt version, std::uint16_t id, const std::string& filter) {
  return packet(
      PacketType::kUnsubscribe, 2, two_bytes(id) + properties_of(version, "") + counted(filter));
}

Delivery delivery_of(Mqtt version, const Packet& packet) {
  const std::string_view body{packet.body};
  if (packet.type != PacketType::kPublish || body.size() < 2) throw base::Error{"no PUBLISH"};
  const std::size_t topic_size = value_of(body[0]) * 256 + value_of(body[1]);
  std::size_t at = 2 + topic_size + ((packet.flags & 0x06U) != 0 ? 2 : 0);
  if (version == Mqtt::k5) {
    const auto properties = varying_at(body, at);
    if (!properties) throw base::Error{"a PUBLISH is cut off"};
    at += properties->bytes + properties->value;
  }
  if (at > body.size()) throw base::Error{"a PUBLISH is cut off"};
  return {.topic = std::string{body.substr(2, topic_size)},
          .payload = std::string{body.substr(at)}};
}

std::optional<Packet> take_packet(std::string& bytes) {
  const auto length = varying_at(bytes, 1);
  if (!length) return std::nullopt;
  const std::size_t begin = 1 + length->bytes;
  if (bytes.size() < begin + length->value) return std::nullopt;
  const std::size_t first = value_of(bytes[0]);
  Packet packet{.type = static_cast<PacketType>(first / 16),
                .flags = static_cast<std::uint8_t>(first % 16),
                .body = bytes.substr(begin, length->value)};
  bytes.erase(0, begin + length->value);
  return packet;
}

}  // namespace support
