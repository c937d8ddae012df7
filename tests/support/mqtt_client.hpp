#pragma once

#include "base/file_descriptor.hpp"
#include "support/mqtt_packet.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

enum class Transport { kTcp, kWebSocket };

/// One connection to a broker on this machine, for tests that send what no library would.
///
/// Errors: base::Error when the broker does not answer within 10 s; that it hangs up is an answer.
class MqttSocket {
 public:
  /// With kWebSocket, the upgrade to `mqtt` is done.
  MqttSocket(int port, Transport transport);

  /// The bytes of MQTT; over a WebSocket, in one binary frame.
  void send(std::string_view bytes);
  /// As they are, even over a WebSocket. That nobody reads them any more is no error.
  void send_raw(std::string_view bytes);

  /// The next packet; nothing when the broker has hung up.
  [[nodiscard]] std::optional<Packet> next();
  /// Whether the broker hangs up within `limit`; what it says before counts for nothing.
  [[nodiscard]] bool is_cut(std::chrono::milliseconds limit = std::chrono::seconds{10});

 private:
  enum class Heard { kBytes, kEnd, kNothing };
  [[nodiscard]] Heard hear(std::chrono::milliseconds limit);
  void upgrade(int port);
  void unpack_frames();

  Transport transport_;
  base::FileDescriptor socket_;
  std::string received_;  // As it came.
  std::string packets_;   // MQTT.
};

/// A frame of a client (RFC 6455, section 5.2), as bytes.
struct Frame {
  std::uint8_t opcode{2};  // 0 continuation, 1 text, 2 binary, 8 close, 9 ping
  bool is_final{true};
  bool is_masked{true};
};
[[nodiscard]] std::string frame_bytes(std::string_view payload, const Frame& frame = {});

/// A client that says what it is told to, and writes down what it gets.
///
/// Reason codes are MQTT 5's; 3.1.1 has fewer: 5 for a login, 0x80 for a filter, none for a
/// publish. Errors: as MqttSocket.
class MqttClient {
 public:
  MqttClient(int port, Mqtt version, Transport transport = Transport::kTcp);

  /// The reason code of CONNACK, or nothing when there is none: the broker hangs up.
  [[nodiscard]] std::optional<std::uint8_t> connect(const Connect& connect);

  [[nodiscard]] std::optional<std::uint8_t> subscribe(const std::string& filter,
                                                      std::uint8_t qos = 0);
  [[nodiscard]] std::vector<std::uint8_t> subscribe(const std::vector<std::string>& filters);
  void unsubscribe(const std::string& filter);
  /// The reason code for QoS 1 and 2, when they are over; 0 for QoS 0, and where the answer has
  /// none. Nothing when the broker hangs up.
  [[nodiscard]] std::optional<std::uint8_t> publish(const Publish& publish);

  /// Asks for a sign of life, and so gets everything the broker had for it. False: it is cut.
  [[nodiscard]] bool ping();
  /// Waits for the next delivery on `topic`. Errors: base::Error when there is none.
  [[nodiscard]] Delivery next_on(const std::string& topic);
  void disconnect();

  /// Waits until the broker hangs up, and gives its reason: 0 where it gave none (as in 3.1.1).
  [[nodiscard]] std::uint8_t end();

  /// What came so far, in order.
  [[nodiscard]] const std::vector<Delivery>& deliveries() const { return deliveries_; }
  [[nodiscard]] MqttSocket& socket() { return socket_; }

 private:
  /// Takes packets until one of `type`; deliveries on the way are written down.
  [[nodiscard]] std::optional<Packet> await(PacketType type);
  [[nodiscard]] std::uint16_t new_id() { return ++last_id_; }

  Mqtt version_;
  MqttSocket socket_;
  std::vector<Delivery> deliveries_;
  std::uint8_t end_reason_{0};
  std::uint16_t last_id_{0};
};

}  // namespace support
