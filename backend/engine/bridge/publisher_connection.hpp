#pragma once

#include "engine/bridge/lane.hpp"
#include "engine/bridge/reports.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace engine::bridge {

/// Where the broker is, and who the relay is there.
struct BrokerAddress {
  std::string url;  // mqtt://host:port
  std::string username;
  std::string password;  // Both empty: anonymous.
};

/// What is published once and kept by the broker for later subscribers.
struct RetainedMessage {
  std::string topic;
  std::string payload;
};

/// One MQTT 5 connection that only publishes, QoS 1; the one place that knows Paho.
///
/// It does what it is told and reports what came of it; when to connect again and what to send
/// again is decided by others. No call waits for the broker.
/// Threads: confined; the library's threads only reach the Reports.
class PublisherConnection {
 public:
  /// `place` is what its reports are marked with. `will` is what to say on behalf of a connection
  /// that died; an empty topic: nothing.
  PublisherConnection(BrokerAddress broker,
                      std::string client_id,
                      std::size_t place,
                      RetainedMessage will,
                      Reports& reports);
  ~PublisherConnection();
  PublisherConnection(const PublisherConnection&) = delete;
  PublisherConnection& operator=(const PublisherConnection&) = delete;

  /// Begins to connect anew, whatever was before. A kConnected or kLost with `attempt()` follows,
  /// and at the end of a connection one kLost or several.
  void open();
  [[nodiscard]] std::uint64_t attempt() const { return attempt_; }

  /// A kAccepted or kRefused with the ticket follows unless the connection is lost first.
  ///
  /// Accepted means reason code "success" or "no matching subscribers", never a mere PUBACK.
  /// Errors: false when the library refused it; a kLost with its code follows.
  [[nodiscard]] bool publish(const Lane::Sending& sending);
  [[nodiscard]] bool publish(Lane::Ticket ticket, const RetainedMessage& message);
  [[nodiscard]] bool publish(Lane::Ticket ticket,
                             const std::string& topic,
                             const std::string& payload);

  /// Wakes the library's threads by a request that the broker replies to and that changes nothing.
  ///
  /// The sending thread can miss its own signal and then sleeps for up to a second (Paho C 1.3.12,
  /// fixed in 1.4: paho.mqtt.c pull request 1457). The receiving thread looks after connections
  /// that are being made, and writes that did not fit, only when something arrives or a second is
  /// over: 1,200 ms for a new connection beside idle ones, 130 ms beside busy ones.
  void nudge();

  /// Ends the connection. Nothing that the library still holds is published after that; it sends
  /// the broker a DISCONNECT if it can, and then the will is not published.
  void close();

 private:
  struct Session;

  template <class Make>
  bool publish_made(Lane::Ticket ticket, const Make& make);
  void report_lost(int code);

  BrokerAddress broker_;
  std::string client_id_;
  std::size_t place_;
  RetainedMessage will_;
  Reports& reports_;
  std::uint64_t attempt_ = 0;
  std::unique_ptr<Session> session_;
};

}  // namespace engine::bridge
