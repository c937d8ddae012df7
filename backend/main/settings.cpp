#include "main/settings.hpp"

#include "base/error.hpp"
#include "engine/requests/outside_kind_source.hpp"
#include "main/duration.hpp"

#include <toml++/toml.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace commands {
namespace {

struct Secret {
  const char* key;  // In TOML; in capitals behind EARSHOT_ in the environment.
  std::string Settings::*value;
};

constexpr std::array kSecrets{
    Secret{"database_url", &Settings::database_url},
    Secret{"mqtt_username", &Settings::mqtt_username},
    Secret{"mqtt_password", &Settings::mqtt_password},
};

std::string environment_name(std::string key) {
  std::transform(key.begin(), key.end(), key.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  });
  return "EARSHOT_" + key;
}

constexpr std::string_view kIssuers = "issuers";
constexpr std::string_view kKinds = "kinds";

/// "guests=120/min" → 120 in 60 s; "off" → any number. Nothing when it is neither.
std::optional<http::Rate> rate_of(std::string_view text) {
  constexpr std::size_t kRequestsMax = 1'000'000;
  constexpr std::string_view kGuests = "guests=";
  if (text == "off") return http::Rate{.requests = 0};
  if (!text.starts_with(kGuests)) return std::nullopt;
  text.remove_prefix(kGuests.size());
  http::Rate rate;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate.requests);
  if (error != std::errc{} || rate.requests == 0 || rate.requests > kRequestsMax) return {};
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit == "/s")
    rate.period = std::chrono::seconds{1};
  else if (unit == "/min")
    rate.period = std::chrono::minutes{1};
  else if (unit == "/h")
    rate.period = std::chrono::hours{1};
  else
    return std::nullopt;
  return rate;
}

template <class Value>
CLI::Option* add(CLI::App& command, const std::string& key, Value& value, const std::string& text) {
  return command.add_option("--" + key, value, text)
      ->envname(environment_name(key))
      ->capture_default_str();
}

std::string read_secret_file(const std::string& name, const std::string& path) {
  std::ifstream file{path};
  if (!file) throw base::Error{name + " names " + path + ", which cannot be read"};
  std::ostringstream content;
  content << file.rdbuf();
  std::string secret = content.str();
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  return secret;
}

std::string environment_or_file(const char* key) {
  const std::string name = environment_name(key);
  if (const char* value = std::getenv(name.c_str())) return value;
  const std::string file_name = name + "_FILE";
  if (const char* path = std::getenv(file_name.c_str())) return read_secret_file(file_name, path);
  return {};
}

/// What a TOML value would be on the command line.
std::vector<std::string> words_of(const std::string& key, const toml::node& node) {
  if (const auto* array = node.as_array()) {
    std::vector<std::string> words;
    for (const toml::node& element : *array) {
      for (std::string& word : words_of(key, element)) words.push_back(std::move(word));
    }
    return words;
  }
  if (const auto text = node.value_exact<std::string>()) return {*text};
  if (const auto number = node.value_exact<std::int64_t>()) return {std::to_string(*number)};
  if (const auto flag = node.value_exact<bool>()) return {*flag ? "true" : "false"};
  throw base::Error{"'" + key + "' must be text, a whole number, true, false or a list of these"};
}

CLI::Option* option_for(CLI::App& command, const std::string& key) {
  std::string flag = "--" + key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return command.get_option_no_throw(flag);
}

void apply(CLI::App& command, const std::string& key, const toml::node& node) {
  CLI::Option* option = option_for(command, key);
  // Known, but of another subcommand, so that one file can serve all.
  if (option == nullptr || option->count() > 0) return;
  for (const std::string& word : words_of(key, node)) option->add_result(word);
  option->run_callback();
}

/// Whether this command or one below it takes the option.
bool has_option(CLI::App& command, const std::string& key) {
  if (option_for(command, key) != nullptr) return true;
  const std::vector<CLI::App*> below = command.get_subcommands({});
  return std::any_of(
      below.begin(), below.end(), [&](CLI::App* each) { return has_option(*each, key); });
}

bool is_known(CLI::App& command, const std::string& key) {
  const bool is_secret = std::any_of(
      kSecrets.begin(), kSecrets.end(), [&](const Secret& secret) { return key == secret.key; });
  if (is_secret) return true;
  CLI::App* root = &command;
  while (root->get_parent() != nullptr) root = root->get_parent();
  return has_option(*root, key);
}

// [[issuers]] and [[kinds]] are the only tables; whoever reads them knows what they may hold.
base::Json json_of(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    base::Json object = base::Json::object();
    for (const auto& [key, value] : *table) object[std::string{key.str()}] = json_of(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    base::Json list = base::Json::array();
    for (const toml::node& element : *array) list.push_back(json_of(element));
    return list;
  }
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return *number;
  return nullptr;
}

toml::table read_file(const std::string& path) {
  try {
    return toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    throw base::Error{path + ", line " + std::to_string(error.source().begin.line) + ": " +
                      std::string{error.description()}};
  }
}

void apply_file(CLI::App& command, Settings& settings) {
  const toml::table table = read_file(settings.config_file);
  for (const auto& [key, node] : table) {
    const std::string name{key.str()};
    if (name == kIssuers) {
      settings.issuers = engine::requests::issuer_sources_of(json_of(node));
      continue;
    }
    if (name == kKinds) {
      const auto folder = std::filesystem::absolute(settings.config_file).parent_path();
      settings.outside_kinds = engine::requests::outside_kinds_of(json_of(node), folder);
      continue;
    }
    if (!is_known(command, name)) {
      throw base::Error{settings.config_file + ": there is no setting '" + name + "'"};
    }
    try {
      apply(command, name, node);
    } catch (const CLI::Error& error) {
      throw base::Error{settings.config_file + ": " + error.what()};
    }
    for (const Secret& secret : kSecrets) {
      std::string& value = settings.*secret.value;
      if (name == secret.key && value.empty()) value = words_of(name, node).at(0);
    }
  }
}

}  // namespace

base::Log Settings::make_log() const {
  const auto format = log_format == "json" ? base::LogFormat::kJson : base::LogFormat::kText;
  if (log_level == "debug") return base::Log{format, base::LogLevel::kDebug};
  if (log_level == "warning") return base::Log{format, base::LogLevel::kWarning};
  if (log_level == "error") return base::Log{format, base::LogLevel::kError};
  return base::Log{format, base::LogLevel::kInfo};
}

bool Settings::has_role(const std::string& role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

http::Rate Settings::guest_rate() const {
  return rate_of(rate_limits).value_or(http::Rate{});
}

std::filesystem::path Settings::token_keys() const {
  if (!token_key_file.empty()) return std::filesystem::absolute(token_key_file);
  return std::filesystem::absolute(data_dir) / "token-keys.json";
}

const std::string& Settings::required_database_url() const {
  if (database_url.empty()) {
    throw base::Error{
        "there is no database: set EARSHOT_DATABASE_URL (postgresql://user:password@host/name), or "
        "EARSHOT_DATABASE_URL_FILE, or use `earshot up`, which brings its own"};
  }
  return database_url;
}

void add_common_options(CLI::App& command, Settings& settings) {
  add(command, "config", settings.config_file, "TOML file with settings");
  add(command, "log-format", settings.log_format, "How log lines look on standard error")
      ->check(CLI::IsMember({"text", "json"}));
  add(command, "log-level", settings.log_level, "The least important lines that are logged")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
}

void add_retention_options(CLI::App& command, Settings& settings) {
  const auto is_long_enough = [](const std::string& text) {
    const auto length = duration_of(text);
    return length && *length >= std::chrono::hours{1} ? std::string{}
                                                      : "must be 1h or longer, like 7d";
  };
  add(command, "keep-jobs", settings.keep_jobs, "How long ended jobs can be asked for, like 7d")
      ->check(is_long_enough);
  add(command, "keep-events", settings.keep_events, "How long events can be read, like 24h")
      ->check(is_long_enough);
}

void add_server_options(CLI::App& command, Settings& settings) {
  add_data_dir_option(command, settings);
  add(command, "http-port", settings.http_port, "Port of the API and the page")
      ->check(CLI::Range(1, 65535));
  add_broker_options(command, settings);
  add(command, "public-url", settings.public_url, "How clients reach us through a proxy")
      ->check([](const std::string& url) {
        const bool is_web = url.starts_with("http://") || url.starts_with("https://");
        return is_web ? std::string{} : "must begin with http:// or https://";
      });
  add(command, "cors-origins", settings.cors_origins, "Other origins whose pages may call the API")
      ->delimiter(',')
      ->check([](const std::string& origin) {
        const bool is_origin = origin.starts_with("http://") || origin.starts_with("https://");
        const bool has_path = std::count(origin.begin(), origin.end(), '/') != 2;
        return is_origin && !has_path ? std::string{}
                                      : origin + " is no origin, like https://a.org";
      });
  add(command, "workers", settings.workers, "Threads that carry out jobs")
      // Each holds a connection, and the embedded server has room for 61.
      ->check(CLI::Range(1, 32));
  add_retention_options(command, settings);
  add(command,
      "connections-per-address",
      settings.connections_per_address,
      "HTTP connections of one address, 0 for any number; loopback has no limit")
      ->check(CLI::Range(0, 8192));
  add(command,
      "access-log",
      settings.access_log,
      "A line for each HTTP request: a file, - for standard output, or off. Without it, `up` takes "
      "access.log in its data folder and `serve` writes none");
  add(command, "guests", settings.are_guests_allowed, "Whether POST /v1/guests gives tokens");
  add(command,
      "rate-limits",
      settings.rate_limits,
      "Requests of one address: guests=N/s|min|h, or off")
      ->check([](const std::string& text) {
        return rate_of(text) ? std::string{} : "must be like guests=120/min, or off";
      });
}

void add_data_dir_option(CLI::App& command, Settings& settings) {
  add(command, "data-dir", settings.data_dir, "Folder for everything that is kept");
}

void add_token_key_option(CLI::App& command, Settings& settings) {
  add(command,
      "token-key-file",
      settings.token_key_file,
      "Keys that sign tokens, the same for every api process; without it token-keys.json in "
      "--data-dir");
}

void add_broker_options(CLI::App& command, Settings& settings) {
  add(command,
      "host",
      settings.host,
      "Address to listen on; anything but loopback needs a TLS proxy");
  add(command, "mqtt-port", settings.mqtt_port, "Port of the broker for MQTT over TCP")
      ->check(CLI::Range(1, 65535));
  add(command, "mqtt-ws-port", settings.mqtt_ws_port, "Port of the broker for WebSockets")
      ->check(CLI::Range(1, 65535));
}

void add_geo_letters_option(CLI::App& command, Settings& settings) {
  add(command,
      "geo-letters-min",
      settings.geo_letters_min,
      "Letters of a place that a client's filter must name; 4 are about 39 km by 20 km")
      ->check(CLI::Range(0, 7));
}

void add_up_options(CLI::App& command, Settings& settings) {
  add_common_options(command, settings);
  add_server_options(command, settings);
  add_geo_letters_option(command, settings);
}

void add_serve_options(CLI::App& command, Settings& settings) {
  add_common_options(command, settings);
  add_server_options(command, settings);
  add(command, "roles", settings.roles, "Parts that this process runs: api,worker,bridge")
      ->delimiter(',')
      ->check(CLI::IsMember({"api", "worker", "bridge"}));
  add(command, "mqtt-url", settings.mqtt_url, "The broker, for the bridge: mqtt://host:1883");
  add_token_key_option(command, settings);
  add(command,
      "broker-dir",
      settings.broker_dir,
      "Folder of `earshot broker config`, where the broker's plugin reads whom to trust");
}

void complete(CLI::App& command, Settings& settings) {
  for (const Secret& secret : kSecrets) settings.*secret.value = environment_or_file(secret.key);
  if (!settings.config_file.empty()) apply_file(command, settings);
}

std::string default_data_dir() {
  if (::geteuid() == 0) return "/var/lib/earshot";
  const char* data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home == '/') return std::string{data_home} + "/earshot";
  const char* home = std::getenv("HOME");
  return std::string{home != nullptr ? home : ""} + "/.local/share/earshot";
}

}  // namespace commands
