// `earshot token mint|check|rotate|revoke`: tokens, at the keys of this machine.
#include "base/error.hpp"
#include "base/time_text.hpp"
#include "engine/requests/denial_store.hpp"
#include "engine/requests/issuer_source.hpp"
#include "engine/requests/trust_feed.hpp"
#include "main/commands.hpp"
#include "main/duration.hpp"
#include "main/embedded/privileges.hpp"
#include "main/own_database.hpp"
#include "pg/connection.hpp"
#include "wire/base64url.hpp"
#include "wire/json_text.hpp"
#include "wire/token_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <memory>

namespace commands {
namespace {

using base::Json;
using engine::requests::TokenKey;
using engine::requests::TokenKeyring;

// The longest that a token of any issuer may be good for: 30 days, and one for the renewal of ours.
constexpr const char* kUsualDenial = "31d";

struct TokenFlags {
  bool is_json{false};
  std::string sub;
  std::string jti;
  std::string alias{wire::kOwnAlias};
  std::vector<std::string> roles;
  std::string ttl{"1h"};
  std::string algorithm{"EdDSA"};
  bool are_old_forgotten{false};
  std::string lasting{kUsualDenial};
  std::string reason;
  bool is_undone{false};
};

void say(const Json& json, bool is_json, const std::string& for_people) {
  std::puts((is_json ? base::to_text(json) : for_people).c_str());
}

std::filesystem::path existing_keys(const Settings& settings) {
  std::filesystem::path file = settings.token_keys();
  if (!std::filesystem::exists(file)) {
    throw base::Error{file.string() +
                      " is not there: start earshot once, or name --data-dir or --token-key-file"};
  }
  embedded::become_owner_of(file);
  return file;
}

pg::Connection connect(const Settings& settings) {
  return connect_to_own_database(settings, "earshot-token");
}

int mint(const Settings& settings, const TokenFlags& flags) {
  const base::Log log = settings.make_log();
  const base::SystemClock clock;
  if (!wire::is_own_sub(flags.sub)) {
    throw base::Error{"--sub must be 1 to 64 of letters, digits, _ and -"};
  }
  const auto ttl = required_duration("--ttl", flags.ttl);
  if (ttl > wire::kTokenLifeMax) {
    throw base::Error{"--ttl is at most 24h: what lasts longer can hardly be taken back"};
  }
  const TokenKeyring keyring{existing_keys(settings), clock, log};
  const auto has = [&](const char* role) {
    return std::ranges::find(flags.roles, role) != flags.roles.end();
  };
  const auto now = clock.wall();
  const std::string token =
      keyring.mint({.sub = flags.sub,
                    .issued_at = now,
                    .expires_at = now + ttl,
                    .roles = {.is_operator = has("operator"), .is_worker = has("worker")}});
  const auto caller = wire::Caller::from(wire::kOwnAlias, flags.sub);
  say({{"token", token},
       {"sub", flags.sub},
       {"caller", caller->text()},
       {"roles", flags.roles},
       {"expires_at", base::utc_text(now + ttl)}},
      flags.is_json,
      token);
  return 0;
}

std::string token_of_input() {
  constexpr std::streamsize kBytesMax = 8192;
  std::string text(kBytesMax, '\0');
  std::cin.read(text.data(), kBytesMax);
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  const auto is_space = [](char letter) {
    return letter == ' ' || letter == '\n' || letter == '\r';
  };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  if (text.empty()) throw base::Error{"there is no token on the standard input"};
  return text;
}

/// Everybody whom the api role beside us believes, as far as this machine knows without asking.
std::vector<wire::Issuer> known_issuers(const Settings& settings,
                                        const TokenKeyring& keyring,
                                        const base::Log& log) {
  std::vector<wire::Issuer> all = engine::requests::own_trust(keyring);
  for (const auto& source : settings.issuers) {
    const auto kept = settings.token_keys().parent_path() / (source.issuer.alias + ".jwks.json");
    engine::requests::IssuerKeys keys{source, kept, engine::requests::fetch_keys, log};
    if (keys.issuer().keys.empty()) static_cast<void>(keys.refresh({}, true));
    if (!keys.issuer().keys.empty()) all.push_back(keys.issuer());
  }
  return all;
}

/// What a token says, whether or not it is genuine: only to be shown.
Json unverified_claims(std::string_view token) {
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  if (first == std::string_view::npos || second <= first) return nullptr;
  const auto payload = wire::from_base64url(token.substr(first + 1, second - first - 1));
  const auto claims = payload ? wire::parse_json(*payload) : base::fail(wire::problem::internal());
  return claims ? *claims : Json{};
}

std::string claim_table(const Json& claims) {
  std::string table;
  for (const auto& [name, value] : claims.items()) {
    std::string text = value.is_string() ? value.get<std::string>() : base::to_text(value);
    const auto seconds = wire::integer_of(value);
    if (seconds && (name == "exp" || name == "iat" || name == "nbf") && *seconds > 0 &&
        *seconds < 253'402'300'800) {
      text += "  " +
              base::utc_text(std::chrono::system_clock::time_point{std::chrono::seconds{*seconds}});
    }
    std::ranges::replace_if(
        text, [](unsigned char letter) { return letter < ' ' || letter == 0x7F; }, '?');
    table += fmt::format("\n{:<12} {}", name, text);
  }
  return table;
}

int check(const Settings& settings, const TokenFlags& flags) {
  const base::Log log = settings.make_log();
  const base::SystemClock clock;
  const std::string token = token_of_input();
  const TokenKeyring keyring{existing_keys(settings), clock, log};
  wire::TokenGate gate{known_issuers(settings, keyring, log), clock};
  bool is_deny_list_known = true;
  try {
    pg::Connection connection = connect(settings);
    gate.deny(engine::requests::read_deny_list(connection));
  } catch (const base::Error&) {
    is_deny_list_known = false;  // Without a database the rest can be said all the same.
  }
  const auto verified = gate.verify(token);
  const Json claims = unverified_claims(token);
  Json json{{"valid", static_cast<bool>(verified)},
            {"claims", claims},
            {"denials_known", is_deny_list_known}};
  if (verified) json["caller"] = verified->caller.text();
  if (!verified) json["reason"] = verified.error().reason;
  std::string text = verified ? "valid        " + verified->caller.text()
                              : "refused      " + verified.error().reason;
  if (claims.is_object()) text += claim_table(claims);
  if (!is_deny_list_known) text += "\n(who is denied is not known: there is no database)";
  say(json, flags.is_json, text);
  return verified ? 0 : 1;
}

std::string state_of(const TokenKey& key, const TokenKey& signer, TokenKey::Time now) {
  if (key.key.kid() == signer.key.kid()) return "signs";
  return key.signs_from > now ? "announced" : "verifies";
}

int rotate(const Settings& settings, const TokenFlags& flags) {
  const base::SystemClock clock;
  const std::filesystem::path file = existing_keys(settings);
  const auto algorithm =
      flags.algorithm == "ES256" ? wire::Algorithm::kEs256 : wire::Algorithm::kEdDsa;
  const auto now = clock.wall();
  const auto signs_from = flags.are_old_forgotten ? now : now + engine::requests::kKeyAnnounced;
  std::vector<TokenKey> old;
  if (!flags.are_old_forgotten) old = engine::requests::read_token_keys(file);
  const auto keys = engine::requests::rotated(std::move(old), algorithm, now, signs_from);
  engine::requests::write_token_keys(file, keys);

  const TokenKey& signer = engine::requests::signer(keys, now);
  Json list = Json::array();
  std::string table =
      fmt::format("{:<43}  {:<9}  {:<9}  {}", "kid", "algorithm", "state", "signs from");
  for (const TokenKey& key : keys) {
    const std::string name{wire::name_of(key.key.public_key().algorithm())};
    const std::string since = base::utc_text(key.signs_from);
    const std::string state = state_of(key, signer, now);
    list.push_back(
        {{"kid", key.key.kid()}, {"algorithm", name}, {"state", state}, {"signs_from", since}});
    table += fmt::format("\n{:<43}  {:<9}  {:<9}  {}", key.key.kid(), name, state, since);
  }
  say({{"keys", std::move(list)}}, flags.is_json, table);
  return 0;
}

int list_denied(pg::Connection& connection, bool is_json) {
  Json list = Json::array();
  std::string table = fmt::format("{:<40}  {:<24}  {}", "denied", "until", "reason");
  for (const auto& denial : engine::requests::list_denials(connection)) {
    list.push_back({{"what", denial.what},
                    {"reason", denial.reason},
                    {"created_at", base::utc_text(denial.created_at)},
                    {"until", base::utc_text(denial.until)}});
    table +=
        fmt::format("\n{:<40}  {}  {}", denial.what, base::utc_text(denial.until), denial.reason);
  }
  say({{"denied", std::move(list)}}, is_json, table);
  return 0;
}

engine::requests::Denied named_by(const TokenFlags& flags) {
  if (!flags.jti.empty())
    return engine::requests::TokenName{.alias = flags.alias, .jti = flags.jti};
  const auto caller = wire::Caller::from(flags.alias, flags.sub);
  if (!caller) throw base::Error{"--issuer or --sub cannot be of any token"};
  return *caller;
}

int revoke(const Settings& settings, const TokenFlags& flags) {
  pg::Connection connection = connect(settings);
  if (flags.sub.empty() && flags.jti.empty()) return list_denied(connection, flags.is_json);
  const auto denied = named_by(flags);
  const std::string what =
      flags.jti.empty() ? std::get<wire::Caller>(denied).text() : flags.alias + "/" + flags.jti;
  if (flags.is_undone) {
    const bool was_denied = engine::requests::allow(connection, denied);
    say({{"allowed", what}, {"was_denied", was_denied}},
        flags.is_json,
        what + (was_denied ? " is allowed again" : " was not denied"));
    return was_denied ? 0 : 1;
  }
  const auto lasting = required_duration("--for", flags.lasting);
  engine::requests::deny(connection, denied, lasting, flags.reason);
  say({{"denied", what}, {"for_s", lasting.count()}},
      flags.is_json,
      what + " is denied, everywhere within 5 s, for " + flags.lasting);
  return 0;
}

void add_key_options(CLI::App& command, Settings& settings) {
  add_common_options(command, settings);
  add_data_dir_option(command, settings);
  add_token_key_option(command, settings);
}

}  // namespace

void add_token_commands(CLI::App& app, Settings& settings, std::vector<Subcommand>& all) {
  const auto flags = std::make_shared<TokenFlags>();
  CLI::App* token = app.add_subcommand("token", "Make, check and take back tokens");
  token->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, auto run) {
    CLI::App* command = token->add_subcommand(name, text);
    add_key_options(*command, settings);
    command->add_flag("--json", flags->is_json, "For programs");
    all.push_back({command, [run, flags](const Settings& done) { return run(done, *flags); }});
    return command;
  };
  CLI::App* minting = add("mint", "Print a new token", mint);
  minting->add_option("--sub", flags->sub, "Whose token it is")->required();
  minting->add_option("--role", flags->roles, "operator or worker; may be repeated")
      ->check(CLI::IsMember({"operator", "worker"}));
  minting->add_option("--ttl", flags->ttl, "How long it is good: 90s, 15m, 1h, at most 24h");

  add("check", "Say what the token on the standard input is, and why it is refused", check);

  CLI::App* rotating = add("rotate", "Make a new key, which signs from a minute later on", rotate);
  rotating->add_option("--algorithm", flags->algorithm, "Of the new key")
      ->check(CLI::IsMember({"EdDSA", "ES256"}));
  rotating->add_flag("--forget-old",
                     flags->are_old_forgotten,
                     "A key is in wrong hands: believe none of the old ones from now on. Everybody "
                     "has to sign in anew");

  CLI::App* revoking =
      add("revoke", "Refuse a caller or a token; without either, list them", revoke);
  auto* sub = revoking->add_option("--sub", flags->sub, "Whose tokens");
  revoking->add_option("--jti", flags->jti, "Which token")->excludes(sub);
  revoking->add_option("--issuer", flags->alias, "Whose sub or jti it is: the alias of an issuer");
  revoking->add_option("--for", flags->lasting, "How long: 1h, 31d");
  revoking->add_option("--reason", flags->reason, "For those who read the list");
  revoking->add_flag("--undo", flags->is_undone, "Take a denial back");
}

}  // namespace commands
