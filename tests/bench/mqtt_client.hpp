#pragma once

#include "base/file_descriptor.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

enum class Transport { kTcp, kWebSockets };

/// A port of loopback that nobody listened on a moment ago.
[[nodiscard]] int free_port();

/// How many bytes more than its payload a WebSocket frame of a server has.
[[nodiscard]] std::size_t frame_overhead(std::size_t payload_bytes);

/// A connection to a broker on this machine that sends and takes bytes, and knows nothing else.
///
/// Errors: base::Error when the broker does not listen, or hangs up.
class MqttClient {
 public:
  explicit MqttClient(int port, Transport transport = Transport::kTcp);

  void send_packet(std::string_view packet) const;
  /// Takes the answer to a packet of MQTT 3.1.1. Errors: when its last byte is no success.
  void take_answer() const;

  /// Before the first packet, when they go by WebSockets.
  void ask_for_web_socket() const;
  void take_web_socket() const;

  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  void send(std::string_view bytes) const;
  void receive_more(std::string& received) const;

  Transport transport_;
  base::FileDescriptor socket_;
};

}  // namespace bench
