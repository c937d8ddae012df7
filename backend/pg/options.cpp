#include "pg/options.hpp"

#include "pg/session.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace pg {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs::iterator find(Pairs& pairs, std::string_view key) {
  return std::find_if(
      pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == key; });
}

void set(Pairs& pairs, std::string_view key, std::string value) {
  const auto found = find(pairs, key);
  if (found != pairs.end()) {
    found->second = std::move(value);
  } else {
    pairs.emplace_back(key, std::move(value));
  }
}

void set_default(Pairs& pairs, std::string_view key, std::string value) {
  if (find(pairs, key) == pairs.end()) pairs.emplace_back(key, std::move(value));
}

std::string escaped(std::string_view value, std::string_view special) {
  std::string text;
  for (const char character : value) {
    if (special.find(character) != std::string_view::npos) text.push_back('\\');
    text.push_back(character);
  }
  return text;
}

std::string joined(const Pairs& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs) {
    if (!text.empty()) text.push_back(' ');
    text += key + "='" + escaped(value, "\\'") + "'";
  }
  return text;
}

// The server settings of a connection, as the `options` parameter wants them: spaces escaped.
std::string server_settings(const ConnectionOptions& options) {
  Pairs settings{
      {"statement_timeout", std::to_string(options.statement_timeout.count())},
      {"lock_timeout", std::to_string(options.lock_timeout.count())},
      {"idle_in_transaction_session_timeout",
       std::to_string(options.idle_in_transaction_timeout.count())},
      // Whoever wants less says so in its own transaction: no server default can weaken a 202.
      {"synchronous_commit", "on"},
      {"default_transaction_isolation", "read committed"},
      {"default_transaction_read_only", "off"},
      // A server that is sending to a stopped client keeps its locks for ever without it: statement
      // and idle timeouts only look between two sendings.
      {"tcp_user_timeout", std::to_string(options.tcp_user_timeout.count())},
      {"timezone", "UTC"},
      {"datestyle", "ISO"},
  };
  if (options.pin_planner) {
    for (const char* node : {"seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"}) {
      settings.emplace_back(std::string{"enable_"} + node, "off");
    }
    settings.emplace_back("plan_cache_mode", "force_generic_plan");
    settings.emplace_back("jit", "off");
  }
  std::string text;
  for (const auto& [name, value] : settings) {
    text += " -c " + name + "=" + escaped(value, "\\ ");
  }
  return text;
}

}  // namespace

std::string connection_string(const ConnectionOptions& options) {
  Pairs pairs = parse_connection_string(options.url);

  const auto own_options = find(pairs, "options");
  // The server takes the last of two values for one setting, so ours come last.
  set(pairs,
      "options",
      (own_options == pairs.end() ? std::string{} : own_options->second) +
          server_settings(options));
  set(pairs, "application_name", options.application_name);
  set(pairs, "client_encoding", "UTF8");
  set_default(pairs, "connect_timeout", std::to_string(options.connect_timeout.count()));
  set_default(pairs, "keepalives_idle", "5");
  set_default(pairs, "keepalives_interval", "2");
  set_default(pairs, "keepalives_count", "3");
  set_default(pairs, "tcp_user_timeout", std::to_string(options.tcp_user_timeout.count()));

  return joined(pairs);
}

std::string with_database(const std::string& url, const std::string& database) {
  Pairs pairs = parse_connection_string(url);
  set(pairs, "dbname", database);
  return joined(pairs);
}

}  // namespace pg
