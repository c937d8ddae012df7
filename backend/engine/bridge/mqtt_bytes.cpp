#include "engine/bridge/mqtt_bytes.hpp"

#include "base/check.hpp"
#include "base/error.hpp"

namespace engine::bridge::mqtt {
namespace {

// 2.1.2, with the flags that 2.1.3 wants.
constexpr char kConnect = '\x10';
constexpr char kPublishQos1 = '\x32';
constexpr char kRetain = '\x01';
constexpr std::uint8_t kConnack = 0x20;
constexpr std::uint8_t kPuback = 0x40;
constexpr std::uint8_t kPingresp = 0xD0;
constexpr std::uint8_t kDisconnect = 0xE0;

constexpr std::size_t kReplyBytesMax = 4'096;

std::uint8_t value_of(char byte) {
  return static_cast<std::uint8_t>(byte);
}

void append_two(std::string& out, std::size_t number) {
  out += static_cast<char>(number / 256);
  out += static_cast<char>(number % 256);
}

// 1.5.4: two bytes of length, then the text.
void append_text(std::string& out, std::string_view text) {
  base::check(text.size() <= kTextBytesMax, "a text in MQTT has at most 65,535 bytes");
  append_two(out, text.size());
  out += text;
}

// 1.5.5: seven bits a byte, the lowest first.
void append_varying(std::string& out, std::size_t number) {
  do {
    const std::size_t low = number % 128;
    number /= 128;
    out += static_cast<char>(number > 0 ? low + 128 : low);
  } while (number > 0);
}

std::size_t varying_bytes(std::size_t number) {
  std::size_t bytes = 1;
  while (number >= 128) {
    number /= 128;
    ++bytes;
  }
  return bytes;
}

[[noreturn]] void refuse(const char* why) {
  throw base::Error{std::string{"the broker does not speak MQTT 5: "} + why};
}

/// Reads a packet's body from its beginning. Errors: base::Error when it is at its end.
class Body {
 public:
  explicit Body(std::string_view bytes) : left_{bytes} {}

  [[nodiscard]] bool is_empty() const { return left_.empty(); }
  std::string_view take(std::size_t size) {
    if (left_.size() < size) refuse("a packet ends too early");
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  std::uint8_t byte() { return value_of(take(1).front()); }
  std::uint16_t two() {
    const std::string_view bytes = take(2);
    return static_cast<std::uint16_t>(value_of(bytes[0]) * 256 + value_of(bytes[1]));
  }
  std::size_t varying() {
    std::size_t number = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
      const std::uint8_t next = byte();
      number += static_cast<std::size_t>(next & 0x7FU) << shift;
      if (next < 0x80U) return number;
    }
    refuse("a length is too long");
  }

 private:
  std::string_view left_;
};

// 2.2.2.2: by its number, how a property that a server may send is written.
void skip_property(Body& body, std::uint8_t number) {
  switch (number) {
    case 0x24:  // Maximum QoS.
    case 0x25:  // Retain available.
    case 0x28:  // Wildcard, subscription identifier, shared subscription available.
    case 0x29:
    case 0x2A:
      body.take(1);
      return;
    case 0x22:  // Topic alias maximum.
      body.take(2);
      return;
    case 0x11:  // Session expiry, maximum packet size.
    case 0x27:
      body.take(4);
      return;
    case 0x12:  // Assigned client identifier, response information, server reference, reason,
    case 0x1A:  // authentication method and data.
    case 0x1C:
    case 0x1F:
    case 0x15:
    case 0x16:
      body.take(body.two());
      return;
    case 0x26:  // User property.
      body.take(body.two());
      body.take(body.two());
      return;
    default:
      refuse("a property is unknown");
  }
}

// 3.2.
Reply connected(Body body) {
  Reply reply{.kind = Reply::Kind::kConnected};
  body.byte();  // Whether a session was there: never, after a clean start.
  reply.reason = body.byte();
  Body properties{body.take(body.varying())};
  while (!properties.is_empty()) {
    const std::uint8_t number = properties.byte();
    if (number == 0x21) {
      reply.receive_max = properties.two();
    } else if (number == 0x13) {
      reply.keep_alive = std::chrono::seconds{properties.two()};
    } else {
      skip_property(properties, number);
    }
  }
  return reply;
}

bool is_reply(std::uint8_t first) {
  return first == kConnack || first == kPuback || first == kPingresp || first == kDisconnect;
}

Reply reply_of(std::uint8_t first, Body body) {
  switch (first) {
    case kConnack:
      return connected(body);
    case kPuback: {  // 3.4: the reason is left out when it is a success.
      const std::uint16_t id = body.two();
      const std::uint8_t reason = body.is_empty() ? std::uint8_t{0} : body.byte();
      return {.kind = Reply::Kind::kAccepted, .packet_id = id, .reason = reason};
    }
    case kPingresp:
      return {.kind = Reply::Kind::kPong};
    default: {  // A DISCONNECT; 3.14: as above.
      const std::uint8_t reason = body.is_empty() ? std::uint8_t{0} : body.byte();
      return {.kind = Reply::Kind::kDisconnected, .reason = reason};
    }
  }
}

}  // namespace

std::string connect_bytes(const Connect& connect) {
  const bool has_name = !connect.username.empty();
  const bool has_will = !connect.will_topic.empty();
  std::string body;
  append_text(body, "MQTT");
  body += '\x05';
  unsigned flags = 0x02;  // Clean start.
  if (has_name) flags |= 0xC0U;
  if (has_will) flags |= 0x2CU;  // Retained, QoS 1.
  body += static_cast<char>(flags);
  append_two(body, static_cast<std::size_t>(connect.keep_alive.count()));
  body += '\0';  // No properties.
  append_text(body, connect.client_id);
  if (has_will) {
    body += '\0';  // Of the will neither.
    append_text(body, connect.will_topic);
    append_text(body, connect.will_payload);
  }
  if (has_name) {
    append_text(body, connect.username);
    append_text(body, connect.password);
  }
  std::string packet{kConnect};
  append_varying(packet, body.size());
  return packet + body;
}

void append_publish(std::string& out, std::uint16_t packet_id, const Publish& publish) {
  const std::size_t properties =
      publish.content_type.empty() ? 0 : 1 + 2 + publish.content_type.size();
  const std::size_t body = 2 + publish.topic.size() + 2 + varying_bytes(properties) + properties +
                           publish.payload.size();
  out += publish.is_retained ? static_cast<char>(kPublishQos1 | kRetain) : kPublishQos1;
  append_varying(out, body);
  append_text(out, publish.topic);
  append_two(out, packet_id);
  append_varying(out, properties);
  if (properties > 0) {
    out += '\x03';  // 3.3.2.3.9.
    append_text(out, publish.content_type);
  }
  out += publish.payload;
}

std::string_view ping_bytes() {
  return {"\xC0\x00", 2};
}

std::string_view disconnect_bytes() {
  return {"\xE0\x00", 2};
}

std::optional<Reply> ReplyReader::next() {
  if (bytes_.size() < 2) return std::nullopt;
  if (!is_reply(value_of(bytes_[0]))) refuse("a packet that a publisher never gets");
  // The length of a reply that is small enough has two bytes at most.
  const bool is_long = value_of(bytes_[1]) >= 0x80U;
  if (is_long && bytes_.size() < 3) return std::nullopt;
  if (is_long && value_of(bytes_[2]) >= 0x80U) refuse("a reply is too large");
  const std::size_t length =
      (value_of(bytes_[1]) & 0x7FU) + (is_long ? std::size_t{value_of(bytes_[2])} * 128 : 0);
  if (length > kReplyBytesMax) refuse("a reply is too large");
  const std::size_t begin = is_long ? 3 : 2;
  if (bytes_.size() < begin + length) return std::nullopt;
  const Reply reply =
      reply_of(value_of(bytes_[0]), Body{std::string_view{bytes_}.substr(begin, length)});
  bytes_.erase(0, begin + length);
  return reply;
}

}  // namespace engine::bridge::mqtt
