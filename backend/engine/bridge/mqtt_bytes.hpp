#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What a publisher says to a broker and hears from it, as bytes. MQTT 5, and only what the bridge
/// needs of it.
///
/// Source: MQTT Version 5.0, OASIS Standard, 7 March 2019; the sections are named beside the code.
namespace engine::bridge::mqtt {

inline constexpr std::size_t kTextBytesMax = 65'535;  // Of a topic, a name, a password.

struct Connect {
  std::string_view client_id;
  std::string_view username{};
  std::string_view password{};  // Both empty: anonymous.
  std::chrono::seconds keep_alive{};
  std::string_view will_topic{};  // Empty: no will.
  std::string_view will_payload{};
};
/// Asks for a clean start. The will is retained, QoS 1. Limits: each text as kTextBytesMax.
[[nodiscard]] std::string connect_bytes(const Connect& connect);

struct Publish {
  std::string_view topic;
  std::string_view payload;
  bool is_retained{false};
  std::string_view content_type{};  // Empty: not said.
};
/// Appends a PUBLISH of QoS 1 to `out`.
void append_publish(std::string& out, std::uint16_t packet_id, const Publish& publish);

[[nodiscard]] std::string_view ping_bytes();
[[nodiscard]] std::string_view disconnect_bytes();

/// What a broker may say to somebody who only publishes.
struct Reply {
  enum class Kind { kConnected, kAccepted, kPong, kDisconnected };
  Kind kind;
  std::uint16_t packet_id{0};  // Of kAccepted, whatever its reason says.
  std::uint8_t reason{0};      // Refused, from kRefusedFrom on.
  // Of kConnected: how many publishes may be without a reply, and how often the broker wants to
  // hear something, when it says so.
  std::uint16_t receive_max{65'535};
  std::optional<std::chrono::seconds> keep_alive{};
};
inline constexpr std::uint8_t kRefusedFrom = 0x80;

/// Cuts what comes into replies, wherever it is cut itself.
class ReplyReader {
 public:
  void add(std::string_view bytes) { bytes_.append(bytes); }
  /// None until one is complete. Errors: base::Error for what is no reply, or larger than 4 KiB;
  /// nothing can be read after that.
  [[nodiscard]] std::optional<Reply> next();

 private:
  std::string bytes_;
};

}  // namespace engine::bridge::mqtt
