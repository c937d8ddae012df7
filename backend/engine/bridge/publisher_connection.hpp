#pragma once

#include "engine/bridge/lane.hpp"
#include "engine/bridge/publisher_thread.hpp"
#include "engine/bridge/reports.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace engine::bridge {

class PublisherSession;

/// Where the broker is, and who the relay is there.
struct BrokerAddress {
  std::string url;  // mqtt://host:port
  std::string username;
  std::string password;  // Both empty: anonymous.
};

/// Errors: base::Error for a URL of another kind, or names longer than MQTT's 65,535 bytes.
[[nodiscard]] BrokerAddress checked(BrokerAddress broker);

/// What is published once and kept by the broker for later subscribers.
struct RetainedMessage {
  std::string topic;
  std::string payload;
};

/// One MQTT 5 connection that only publishes, QoS 1, over and over: each `open()` is a new session.
///
/// It does what it is told and reports what came of it; when to connect again and what to send
/// again is decided by others. No call waits for the broker.
/// Threads: confined; `thread` only reaches the Reports.
class PublisherConnection {
 public:
  /// `place` is what its reports are marked with. `will` is what to say on behalf of a connection
  /// that died; an empty topic: nothing. Errors: as checked().
  PublisherConnection(PublisherThread& thread,
                      BrokerAddress broker,
                      std::string client_id,
                      std::size_t place,
                      RetainedMessage will,
                      Reports& reports);
  ~PublisherConnection();
  PublisherConnection(const PublisherConnection&) = delete;
  PublisherConnection& operator=(const PublisherConnection&) = delete;

  /// Begins to connect anew, whatever was before. A kConnected or, within 3 s, a kLost with
  /// `attempt()` follows, and one kLost at the end of a connection that was not closed.
  void open();
  [[nodiscard]] std::uint64_t attempt() const { return attempt_; }

  /// A kAccepted or kRefused with the ticket follows unless the connection is lost first.
  ///
  /// Accepted means reason code "success" or "no matching subscribers", never a mere PUBACK.
  /// Errors: false when there is no connection; a kLost has said so.
  [[nodiscard]] bool publish(const Lane::Sending& sending);
  [[nodiscard]] bool publish(Lane::Ticket ticket, const RetainedMessage& message);
  [[nodiscard]] bool publish(Lane::Ticket ticket,
                             const std::string& topic,
                             const std::string& payload);

  /// Ends the connection; nothing is reported of it after that. What was not written yet never is,
  /// and the broker is sent a DISCONNECT if it can be: then the will is not published.
  void close();

 private:
  PublisherThread& thread_;
  BrokerAddress broker_;
  std::string client_id_;
  std::size_t place_;
  RetainedMessage will_;
  Reports& reports_;
  std::uint64_t attempt_ = 0;
  std::shared_ptr<PublisherSession> session_;
};

}  // namespace engine::bridge
