// `earshot broker config`: what a Mosquitto of one's own needs.
#include "base/error.hpp"
#include "base/private_file.hpp"
#include "base/random.hpp"
#include "main/commands.hpp"
#include "main/embedded/broker_files.hpp"

#include <unistd.h>

#include <cstdio>
#include <memory>

namespace commands {
namespace {

constexpr const char* kUsualFolder = "/etc/mosquitto/earshot";
constexpr const char* kPasswordTool = "/usr/bin/mosquitto_passwd";

struct BrokerFlags {
  std::string folder;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_authorities;
  int tls_port{8883};
};

embedded::BrokerSetup setup_of(const Settings& settings, const BrokerFlags& flags) {
  if (flags.tls_certificate.empty() != flags.tls_key.empty()) {
    throw base::Error{"--tls-cert and --tls-key belong together"};
  }
  const auto port = [](int number) { return static_cast<std::uint16_t>(number); };
  embedded::BrokerSetup setup;
  setup.folder = std::filesystem::absolute(flags.folder.empty() ? kUsualFolder : flags.folder);
  setup.port = port(settings.mqtt_port);
  setup.web_socket_host = settings.host;
  setup.web_socket_port = port(settings.mqtt_ws_port);
  setup.geo_letters_min = settings.geo_letters_min;
  if (flags.tls_key.empty()) return setup;
  setup.tls = {.certificate = std::filesystem::absolute(flags.tls_certificate),
               .key = std::filesystem::absolute(flags.tls_key),
               .authorities = flags.tls_authorities.empty()
                                  ? std::filesystem::path{}
                                  : std::filesystem::absolute(flags.tls_authorities),
               .port = port(flags.tls_port)};
  return setup;
}

/// The password of the bridge stays, so that a running one is not shut out by new settings.
embedded::BrokerCredentials service_account(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "relay-password";
  std::string password = base::read_small_file(file);
  if (password.empty()) {
    password = base::random_text(26);
    base::write_private_file(file, password + "\n");
  }
  return {.username = "relay", .password = password};
}

int configure(const Settings& settings, const BrokerFlags& flags) {
  const embedded::BrokerSetup setup = setup_of(settings, flags);
  if (flags.folder.empty()) {
    std::fputs(embedded::broker_configuration(setup).c_str(), stdout);
    return 0;
  }
  if (::access(kPasswordTool, X_OK) != 0) {
    throw base::Error{"mosquitto_passwd is not installed: apt-get install mosquitto"};
  }
  std::filesystem::create_directories(setup.folder);
  std::filesystem::permissions(setup.folder, std::filesystem::perms{02750});
  embedded::write_broker_files(
      setup, service_account(setup.folder), kPasswordTool, setup.folder / "setup.log");
  std::filesystem::remove(setup.folder / "setup.log");
  const std::string folder = setup.folder.string();
  std::printf(
      "written to %s\n\n"
      "1. Who runs `earshot serve` writes there, and the broker reads:\n"
      "     chown -R EARSHOT_USER:mosquitto %s\n"
      "2. The broker:  mosquitto -c %s/mosquitto.conf\n"
      "3. The role api:     --broker-dir=%s\n"
      "   The role bridge:  --mqtt-url=mqtt://127.0.0.1:%d, EARSHOT_MQTT_USERNAME=relay and\n"
      "                     EARSHOT_MQTT_PASSWORD_FILE=%s/relay-password\n",
      folder.c_str(),
      folder.c_str(),
      folder.c_str(),
      folder.c_str(),
      settings.mqtt_port,
      folder.c_str());
  return 0;
}

}  // namespace

void add_broker_commands(CLI::App& app, Settings& settings, std::vector<Subcommand>& all) {
  const auto flags = std::make_shared<BrokerFlags>();
  CLI::App* broker = app.add_subcommand("broker", "What a broker of your own needs");
  broker->require_subcommand(1);
  CLI::App* config =
      broker->add_subcommand("config", "Print mosquitto.conf, or write it and all that it names");
  add_common_options(*config, settings);
  add_broker_options(*config, settings);
  add_geo_letters_option(*config, settings);
  config->add_option("--folder", flags->folder, "Where to write; without it, it is only printed");
  config->add_option("--tls-cert", flags->tls_certificate, "Certificate and chain (PEM)");
  config->add_option("--tls-key", flags->tls_key, "Its key (PEM)");
  config->add_option(
      "--tls-ca", flags->tls_authorities, "The chain, where it is a file of its own");
  config->add_option("--mqtt-tls-port", flags->tls_port, "Port of MQTT over TLS")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  all.push_back({config, [flags](const Settings& done) { return configure(done, *flags); }});
}

}  // namespace commands
