#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// MQTT's packets as bytes, also those that no honest client sends.
namespace support {

enum class Mqtt : std::uint8_t { k311 = 4, k5 = 5 };  // By the number in CONNECT.

enum class PacketType : std::uint8_t {
  kConnect = 1,
  kConnack,
  kPublish,
  kPuback,
  kPubrec,
  kPubrel,
  kPubcomp,
  kSubscribe,
  kSuback,
  kUnsubscribe,
  kUnsuback,
  kPingreq,
  kPingresp,
  kDisconnect,
  kAuth
};

struct Packet {
  PacketType type;
  std::uint8_t flags;
  std::string body;
};

/// As one byte up to 127, then more: MQTT's Variable Byte Integer.
[[nodiscard]] std::string varying(std::size_t number);
[[nodiscard]] std::string two_bytes(std::size_t number);
/// Two bytes of length, then the text.
[[nodiscard]] std::string counted(std::string_view text);
[[nodiscard]] std::string packet(PacketType type, std::uint8_t flags, std::string_view body);

struct Will {
  std::string topic;
  std::string payload{"will"};
  bool is_retained{false};
  std::string properties{};  // Of MQTT 5, without their length.
};

struct Connect {
  Mqtt version{Mqtt::k311};
  std::string client_id;
  std::optional<std::string> username{};
  std::optional<std::string> password{};
  bool is_clean{true};
  std::optional<Will> will{};
  std::string properties{};  // Of MQTT 5, without their length.
};
[[nodiscard]] std::string bytes_of(const Connect& connect);

struct Publish {
  std::string topic;
  std::string payload{"hello"};
  std::uint8_t qos{0};
  bool is_retained{false};
  std::string properties{};  // Of MQTT 5, without their length.
};
[[nodiscard]] std::string bytes_of(Mqtt version, std::uint16_t id, const Publish& publish);

[[nodiscard]] std::string subscribe_bytes(Mqtt version,
                                          std::uint16_t id,
                                          const std::vector<std::string>& filters,
                                          std::uint8_t qos = 0);
[[nodiscard]] std::string unsubscribe_bytes(Mqtt version,
                                            std::uint16_t id,
                                            const std::string& filter);

/// What a PUBLISH that the broker sent says. Errors: base::Error when it is none.
struct Delivery {
  std::string topic;
  std::string payload;
};
[[nodiscard]] Delivery delivery_of(Mqtt version, const Packet& packet);

/// Takes the first packet from `bytes`, or nothing as long as it is not complete.
[[nodiscard]] std::optional<Packet> take_packet(std::string& bytes);

}  // namespace support
