#include "base/error.hpp"
#include "base/last_resort.hpp"
#include "main/commands.hpp"
#include "main/embedded/data_directory.hpp"
#include "main/embedded/mosquitto.hpp"
#include "main/embedded/port_check.hpp"
#include "main/embedded/postgres.hpp"
#include "main/embedded/privileges.hpp"
#include "main/embedded/stop_signals.hpp"
#include "main/embedded/supervisor.hpp"
#include "pg/connection.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <cstdio>

namespace commands {
namespace {

// What people see on standard output: one line per part as it becomes ready.
void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

embedded::MosquittoOptions mosquitto_options(const Settings& settings) {
  embedded::MosquittoOptions options;
  options.web_socket_host = settings.host;
  options.port = static_cast<std::uint16_t>(settings.mqtt_port);
  options.web_socket_port = static_cast<std::uint16_t>(settings.mqtt_ws_port);
  options.geo_letters_min = settings.geo_letters_min;
  return options;
}

void check_ports(const Settings& settings) {
  const auto port = [](int number) { return static_cast<std::uint16_t>(number); };
  const std::array uses{
      embedded::PortUse{"--http-port", settings.host, port(settings.http_port)},
      embedded::PortUse{"--mqtt-port", "127.0.0.1", port(settings.mqtt_port)},
      embedded::PortUse{"--mqtt-ws-port", settings.host, port(settings.mqtt_ws_port)}};
  embedded::check_ports(uses);
}

void migrate_database(const std::string& url) {
  pg::ConnectionOptions options;
  options.url = url;
  options.application_name = "earshot-migrate";
  pg::Connection connection{options};
  const auto applied = engine::migrate(connection, apps()).applied.size();
  say("database    " +
      (applied == 0 ? std::string{"up to date"} : std::to_string(applied) + " migrations applied"));
}

/// The settings of the same `serve` that an operator would start on these servers.
Settings settings_for(const Settings& settings,
                      const embedded::DataDirectory& data,
                      const embedded::Postgres& postgres,
                      const embedded::Mosquitto& mosquitto) {
  Settings complete = settings;
  if (complete.access_log.empty()) complete.access_log = data.path() / "access.log";
  complete.database_url = postgres.url();
  complete.mqtt_url = mosquitto.url();
  complete.mqtt_username = mosquitto.relay_credentials().username;
  complete.mqtt_password = mosquitto.relay_credentials().password;
  complete.broker_dir = mosquitto.folder();
  complete.token_key_file = data.path() / "token-keys.json";
  return complete;
}

/// `ready` means that what is asked is heard: the bridge has found its broker. It takes
/// milliseconds; if not, the service is there all the same, and the bridge goes on trying.
void wait_for_bridge(const engine::Engine& engine, const embedded::StopSignals& signals) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!engine.is_relaying() && std::chrono::steady_clock::now() < deadline) {
    pollfd stop{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
    if (::poll(&stop, 1, /*timeout_ms=*/10) != 0) return;
  }
}

std::string page_url(const Settings& settings) {
  if (!settings.public_url.empty()) return settings.public_url;
  const std::string host = settings.host == "127.0.0.1" ? "localhost" : settings.host;
  return "http://" + host + ":" + std::to_string(settings.http_port);
}

}  // namespace

int run_up(const Settings& settings) {
  const embedded::StopSignals signals;
  const base::Log log = settings.make_log();
  const auto data_path = std::filesystem::absolute(settings.data_dir);
  embedded::raise_open_files_limit();
  embedded::drop_privileges(data_path);
  const embedded::DataDirectory data{data_path};
  say("data        " + data.path().string());

  // Making it stops what a killed run left behind, so that its ports are free again. Ports are
  // looked at before the first start makes a cluster, which takes a moment.
  embedded::Mosquitto mosquitto{data, mosquitto_options(settings), log};
  check_ports(settings);
  embedded::Postgres postgres{data, {}, log};

  embedded::Supervisor supervisor{signals.descriptor(), log};
  if (!supervisor.start(postgres)) return 0;
  say("PostgreSQL  127.0.0.1:" + std::to_string(postgres.port()));
  migrate_database(postgres.url());
  // Before the broker starts, so that it lets its first client in.
  const base::SystemClock clock;
  const engine::requests::TokenKeyring keyring{data.path() / "token-keys.json", clock, log};
  engine::requests::tell_broker_trust(mosquitto.folder(), engine::requests::own_trust(keyring));
  if (!supervisor.start(mosquitto)) return 0;
  say("Mosquitto   mqtt 127.0.0.1:" + std::to_string(settings.mqtt_port) + ", WebSocket " +
      settings.host + ":" + std::to_string(settings.mqtt_ws_port));

  warn_of_open_host(settings, log);
  {
    base::LastResort last_resort{log};
    const engine::Engine engine{
        engine_options(settings_for(settings, data, postgres, mosquitto)), apps(), clock, log};
    wait_for_bridge(engine, signals);
    say("engine      api, " + std::to_string(settings.workers) + " workers, bridge");
    say("ready: " + page_url(settings));
    supervisor.run();
    say("stopping");
    last_resort.arm(kStopMax);
  }
  return 0;
}

}  // namespace commands
