#pragma once

#include "base/log.hpp"
#include "engine/jobs/outside_kind.hpp"
#include "engine/requests/issuer_source.hpp"
#include "http/rate_limiter.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace commands {

/// The default of --data-dir: /var/lib/earshot for root, ~/.local/share/earshot otherwise.
[[nodiscard]] std::string default_data_dir();

/// What an operator can set. A value comes from, in this order: the flag, the environment
/// (EARSHOT_HTTP_PORT), the TOML file (http_port), the default here.
///
/// Secrets have no flag: whatever is in argv, everybody on the machine can read. They come from the
/// environment, from the file that `<NAME>_FILE` in the environment names, or from the TOML file.
struct Settings {
  std::string config_file;
  std::string data_dir{default_data_dir()};
  std::string host{"127.0.0.1"};
  int http_port{8080};
  int mqtt_port{1883};
  int mqtt_ws_port{9001};
  std::string public_url;  // "https://earshot.example.org": how clients reach a proxy before us.
  std::vector<std::string> cors_origins;
  std::vector<std::string> roles{"api", "worker", "bridge"};
  int workers{2};
  std::string keep_jobs{"7d"};
  std::string keep_events{"7d"};
  bool are_guests_allowed{true};
  std::string rate_limits{"guests=120/min"};  // Or "off".
  std::string token_key_file;
  std::string broker_dir;  // For `serve`: where the plugin of a broker beside us reads.
  std::vector<engine::requests::IssuerSource> issuers;   // Only in the TOML file: [[issuers]].
  std::vector<engine::jobs::OutsideKind> outside_kinds;  // Only there, too: [[kinds]].
  std::string mqtt_url;                                  // For `serve`: "mqtt://host:1883"
  int geo_letters_min{4};
  std::string log_format{"text"};
  std::string log_level{"info"};
  std::string access_log;  // A file, "-" (standard output) or "off"; empty: as the command likes.
  int connections_per_address{256};

  // Secrets.
  std::string database_url;
  std::string mqtt_username;
  std::string mqtt_password;

  [[nodiscard]] base::Log make_log() const;
  [[nodiscard]] bool has_role(const std::string& role) const;
  /// How many guests one address may become.
  [[nodiscard]] http::Rate guest_rate() const;
  /// The file with the keys that sign tokens.
  [[nodiscard]] std::filesystem::path token_keys() const;
  /// Errors: base::Error that names EARSHOT_DATABASE_URL when it is not set.
  [[nodiscard]] const std::string& required_database_url() const;
};

/// Declares the flags that a subcommand takes; they write into `settings`.
void add_common_options(CLI::App& command, Settings& settings);
void add_server_options(CLI::App& command, Settings& settings);
void add_broker_options(CLI::App& command, Settings& settings);
void add_geo_letters_option(CLI::App& command, Settings& settings);
void add_data_dir_option(CLI::App& command, Settings& settings);
void add_token_key_option(CLI::App& command, Settings& settings);
void add_up_options(CLI::App& command, Settings& settings);
void add_serve_options(CLI::App& command, Settings& settings);

/// Fills in what neither flag nor environment gave: from the TOML file, and the secrets.
///
/// Errors: base::Error for an unknown key, a value out of range, a file that cannot be read.
void complete(CLI::App& command, Settings& settings);

}  // namespace commands
