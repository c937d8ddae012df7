#pragma once

#include "base/child_process.hpp"
#include "support/eventually.hpp"
#include "support/scratch_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace support {

/// Who may connect with a password; others connect without a name.
struct BrokerAccount {
  std::string username;
  std::string password;
};

/// Whether the broker writes down what it knows, and reads it when it starts again.
enum class BrokerMemory { kNone, kKept };

/// A private Mosquitto of one test, on a free port, with the product's limits.
///
/// Errors: base::Error when Mosquitto cannot be started.
class BrokerFixture {
 public:
  explicit BrokerFixture(std::optional<BrokerAccount> account = std::nullopt,
                         BrokerMemory memory = BrokerMemory::kNone);

  [[nodiscard]] std::string url() const;  // mqtt://127.0.0.1:<port>
  [[nodiscard]] int port() const { return port_; }

  /// Returns when it accepts connections, on the same port every time.
  void start();
  void kill();  // -9: sessions, queues and retained messages are gone, unless they are kept.
  void wipe();  // Kills it and removes what it has kept.
  void stop();
  void freeze();
  void thaw();

  /// From the next start() or reload() on, `username` may not publish on `topic`.
  void deny(const std::string& username, const std::string& topic);
  void allow_all();
  /// SIGHUP: the running broker reads the rules again.
  void reload();

 private:
  void write(const std::string& name, const std::string& text) const;

  ScratchFolder folder_;
  int port_;
  std::optional<base::ChildProcess> process_;
};

/// A plain MQTT client, mosquitto_sub, that writes down what it gets.
class Subscriber {
 public:
  struct Delivery {
    std::string topic;
    std::string payload;
  };

  /// Returns when the subscription works.
  Subscriber(const BrokerFixture& broker, const std::string& filter, int qos = 1);

  /// Everything so far, in the order of arrival.
  [[nodiscard]] std::vector<Delivery> deliveries() const;

 private:
  ScratchFolder folder_;
  base::ChildProcess process_;
};

}  // namespace support
