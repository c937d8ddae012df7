#pragma once

#include "base/child_process.hpp"
#include "support/mqtt_client.hpp"
#include "support/scratch_folder.hpp"
#include "wire/signing_key.hpp"
#include "wire/token.hpp"
#include "wire/token_gate.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// The wall clock of a broker: it stands still unless a test moves it.
class PluginClock {
 public:
  using Wall = std::chrono::system_clock::time_point;

  explicit PluginClock(const std::filesystem::path& file);
  PluginClock(const PluginClock&) = delete;
  PluginClock& operator=(const PluginClock&) = delete;
  ~PluginClock();

  [[nodiscard]] Wall now() const;
  void advance(std::chrono::seconds by);

 private:
  void* memory_;
};

/// A private Mosquitto with the plugin and the product's limits, on free ports, whose wall clock is
/// the test's. Where tests are built with AddressSanitizer, it watches the whole broker.
///
/// Service accounts are `relay`, who may write everything of Earshot's and read what is asked of
/// it, and `watcher`, who reads $SYS; the password of each is its name. Errors: base::Error when
/// the broker cannot be started.
class PluginBroker {
 public:
  struct Options {
    std::vector<wire::PublicKey> keys;  // None: there is no trust file when it starts.
    std::string more_conf{};            // Lines of mosquitto.conf.
  };
  explicit PluginBroker(const Options& options);

  void start();
  void kill();    // -9
  void reload();  // SIGHUP
  /// Stops it, and says what was wrong: "" when it ran until then and ended well, with every byte
  /// and every access in order.
  [[nodiscard]] std::string verdict();
  [[nodiscard]] bool is_alive();

  void trust(const std::vector<wire::PublicKey>& keys) const;
  void write_trust(std::string_view text) const;
  void remove_trust() const;
  void deny(const wire::DenyList& denied) const;
  void write_denied(std::string_view text) const;

  [[nodiscard]] PluginClock& clock() { return clock_; }
  [[nodiscard]] int port(Transport transport) const {
    return transport == Transport::kTcp ? tcp_port_ : web_socket_port_;
  }
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::size_t memory_bytes() const;                  // Resident.
  [[nodiscard]] std::chrono::milliseconds processor_time() const;  // Since its start.

 private:
  void write_configuration(const std::string& more_conf) const;

  ScratchFolder folder_;
  PluginClock clock_;
  int tcp_port_;
  int web_socket_port_;
  std::optional<base::ChildProcess> process_;
};

}  // namespace support
