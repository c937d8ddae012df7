#pragma once

#include "base/log.hpp"
#include "main/embedded/broker_files.hpp"
#include "main/embedded/data_directory.hpp"
#include "main/embedded/probe.hpp"
#include "main/embedded/supervised.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace embedded {

struct MosquittoOptions {
  std::filesystem::path broker = "/usr/sbin/mosquitto";
  std::filesystem::path password_tool = "/usr/bin/mosquitto_passwd";
  std::string web_socket_host = "127.0.0.1";
  std::uint16_t port = 1883;  // TCP, on 127.0.0.1 only.
  std::uint16_t web_socket_port = 9001;
  int geo_letters_min = 4;  // What a client's filter must name of a place.
};

/// A private Mosquitto inside the data directory; broker/mosquitto.conf.in says how it behaves.
///
/// Whoever has a token logs in with it: the plugin knows whom to trust from the files in folder().
/// The bridge has a password, new for each object, which stays when the broker is started again.
/// Lifetime: shorter than the data directory.
class Mosquitto final : public Supervised {
 public:
  /// Stops what a killed run left behind, so that its ports are free, and writes all its files.
  ///
  /// Errors: base::Error, one line.
  Mosquitto(const DataDirectory& data, MosquittoOptions options, const base::Log& log);

  /// May write `earshot/v1/#` and read nothing: the bridge.
  [[nodiscard]] const BrokerCredentials& relay_credentials() const noexcept { return relay_; }
  /// Where the plugin looks for trust.json and denied.json.
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// For the bridge, over TCP: "mqtt://127.0.0.1:1883".
  [[nodiscard]] std::string url() const;

  [[nodiscard]] std::string_view name() const noexcept override { return "Mosquitto"; }
  [[nodiscard]] const std::filesystem::path& log_file() const noexcept override {
    return log_file_;
  }
  [[nodiscard]] std::unique_ptr<base::ChildProcess> spawn() override;
  [[nodiscard]] Health health() override;

 private:
  void stop_leftovers() const;
  void write_files() const;

  MosquittoOptions options_;
  const base::Log& log_;
  std::filesystem::path folder_;
  std::filesystem::path log_file_;
  BrokerCredentials relay_;
  Probe probe_;
};

}  // namespace embedded
