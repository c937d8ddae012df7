#include "apps/ask_around_me/ask_around_me_app.hpp"
#include "apps/echo/echo_app.hpp"
#include "base/error.hpp"
#include "base/last_resort.hpp"
#include "main/commands.hpp"
#include "main/duration.hpp"
#include "main/embedded/privileges.hpp"
#include "main/embedded/stop_signals.hpp"
#include "pg/connection.hpp"

#include <poll.h>

#include <array>
#include <cstdio>

namespace embedded {
std::span<const base::EmbeddedFile> web_files();
}

namespace commands {
namespace {

// "https://earshot.example.org" → "wss://earshot.example.org/mqtt": one name for everything, and a
// proxy behind it that sends /mqtt to the broker.
std::vector<std::string> broker_urls(const std::string& public_url) {
  if (public_url.empty()) return {};
  std::string url = "ws" + public_url.substr(std::string_view{"http"}.size());
  while (url.ends_with('/')) url.pop_back();
  return {url + "/mqtt"};
}

/// A database that is away may come back, and the engine says so and goes on trying; one without
/// our tables will not get them by itself.
void check_schema(const Settings& settings, const base::Log& log) {
  pg::ConnectionOptions options;
  options.url = settings.required_database_url();
  try {
    pg::Connection connection{options};
    for (const pg::MigrationStatus& one : engine::migration_status(connection, apps())) {
      if (one.state == pg::MigrationState::kApplied) continue;
      throw base::Error{"the database does not fit this program (" + one.owner + "/" + one.name +
                        "): see `earshot migrate status`, then run `earshot migrate up`"};
    }
  } catch (const base::TransientError& error) {
    log.debug("the migrations could not be looked at", {{"reason", error.what()}});
  }
}

void wait_for(const embedded::StopSignals& signals) {
  pollfd waiting{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
  while (::poll(&waiting, 1, -1) < 0) {
  }
}

}  // namespace

std::span<const engine::App* const> apps() {
  static const echo::EchoApp echo_app;
  static const ask_around_me::AskAroundMeApp ask_around_me_app;
  static const std::array<const engine::App*, 2> all{&ask_around_me_app, &echo_app};
  return all;
}

engine::EngineOptions engine_options(const Settings& settings) {
  engine::EngineOptions options;
  options.roles = {.api = settings.has_role("api"),
                   .worker = settings.has_role("worker"),
                   .bridge = settings.has_role("bridge")};
  options.database_url = settings.required_database_url();
  options.workers = static_cast<std::size_t>(settings.workers);
  options.retention.keep = std::chrono::duration_cast<std::chrono::hours>(
      required_duration("--keep-jobs", settings.keep_jobs));
  options.outside_kinds = settings.outside_kinds;
  options.event_retention.keep = required_duration("--keep-events", settings.keep_events);
  options.api.http.host = settings.host;
  options.api.http.port = settings.http_port;
  options.api.http.cors.origins = settings.cors_origins;
  options.api.http.shared.connections_per_address_max =
      static_cast<std::size_t>(settings.connections_per_address);
  const bool is_logged = settings.access_log != "off";
  options.api.http.access_log.path = is_logged ? settings.access_log : std::string{};
  options.api.guests.are_allowed = settings.are_guests_allowed;
  options.api.guests.rate = settings.guest_rate();
  options.api.token_key_file = settings.token_keys();
  options.api.trust.issuers = settings.issuers;
  options.api.trust.kept_keys_dir = settings.token_keys().parent_path();
  options.api.trust.broker_dir = settings.broker_dir;
  options.api.web = embedded::web_files();
  options.api.broker = {.urls = broker_urls(settings.public_url),
                        .mqtt_port = settings.mqtt_port,
                        .mqtt_ws_port = settings.mqtt_ws_port,
                        .is_mqtt_open = !settings.mqtt_url.starts_with("mqtt://127.")};
  options.bridge.broker = {.url = settings.mqtt_url,
                           .username = settings.mqtt_username,
                           .password = settings.mqtt_password};
  return options;
}

void warn_of_open_host(const Settings& settings, const base::Log& log) {
  if (settings.host == "127.0.0.1" || settings.host == "localhost") return;
  log.warning("other machines can reach the API: a proxy with TLS belongs in front of it",
              {{"host", settings.host}});
}

int run_serve(const Settings& settings) {
  const base::Log log = settings.make_log();
  if (settings.has_role("bridge") && settings.mqtt_url.empty()) {
    throw base::Error{"the role bridge needs a broker: set EARSHOT_MQTT_URL (mqtt://host:1883)"};
  }
  check_schema(settings, log);
  const embedded::StopSignals signals;
  embedded::raise_open_files_limit();
  warn_of_open_host(settings, log);

  const base::SystemClock clock;
  base::LastResort last_resort{log};
  const engine::Engine engine{engine_options(settings), apps(), clock, log};
  if (engine.http_port())
    std::printf("ready: http://%s:%d\n", settings.host.c_str(), *engine.http_port());
  else
    std::puts("ready");
  std::fflush(stdout);

  wait_for(signals);
  log.info("stopping");
  last_resort.arm(kStopMax);
  return 0;
}

}  // namespace commands
