#pragma once

#include "base/child_process.hpp"
#include "support/eventually.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace support {

/// A folder of its own under the system's, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Who may connect with a password; others connect without a name.
struct BrokerAccount {
  std::string username;
  std::string password;
};

/// A private Mosquitto of one test, on a free port, with the product's limits. It keeps nothing
/// over a restart.
///
/// Errors: base::Error when Mosquitto cannot be started.
class BrokerFixture {
 public:
  explicit BrokerFixture(std::optional<BrokerAccount> account = std::nullopt);

  [[nodiscard]] std::string url() const;  // mqtt://127.0.0.1:<port>
  [[nodiscard]] int port() const { return port_; }

  /// Returns when it accepts connections, on the same port every time.
  void start();
  void kill();  // -9: sessions, queues and retained messages are gone.
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
  Subscriber(const BrokerFixture& broker, const std::string& filter);

  /// Everything so far, in the order of arrival.
  [[nodiscard]] std::vector<Delivery> deliveries() const;

 private:
  ScratchFolder folder_;
  base::ChildProcess process_;
};

}  // namespace support
