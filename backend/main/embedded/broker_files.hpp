#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace embedded {

struct BrokerCredentials {
  std::string username;
  std::string password;
};

/// Certificates of the listeners that other machines reach. PEM files that the broker can read.
struct BrokerTls {
  std::filesystem::path certificate;  // With its chain.
  std::filesystem::path key;
  std::filesystem::path authorities;  // Of the chain, where it is not in `certificate`; or empty.
  std::uint16_t port = 8883;          // MQTT over TLS.
};

/// How a broker of ours listens, and what it has to know.
struct BrokerSetup {
  // Where its files are: the configuration, access rules, passwords, plugin, trust.json and
  // denied.json.
  std::filesystem::path folder;
  std::uint16_t port = 1883;  // TCP without TLS, on 127.0.0.1 only.
  std::string web_socket_host = "127.0.0.1";
  std::uint16_t web_socket_port = 9001;
  std::optional<BrokerTls> tls;
  int geo_letters_min = 4;
  // With it the broker writes its number there and its log to standard error, as a child of ours;
  // without it both are as its own service has them.
  std::optional<std::filesystem::path> pid_file;
};

/// mosquitto.conf, every setting with its reason: broker/mosquitto.conf.in, filled in.
[[nodiscard]] std::string broker_configuration(const BrokerSetup& setup);

/// Everything but trust.json and denied.json into `setup.folder`, which exists. Readable by its
/// group, because the broker may be another user; the plugin is new each time, so that it fits this
/// program.
///
/// Errors: base::Error, one line: `password_tool` is missing or fails, the disk is full.
void write_broker_files(const BrokerSetup& setup,
                        const BrokerCredentials& service_account,
                        const std::filesystem::path& password_tool,
                        const std::filesystem::path& log_file);

}  // namespace embedded
