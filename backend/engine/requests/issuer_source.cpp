#include "engine/requests/issuer_source.hpp"

#include "base/error.hpp"
#include "base/private_file.hpp"
#include "http/fetch.hpp"
#include "wire/caller.hpp"
#include "wire/json_text.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace engine::requests {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw base::Error{"the issuers of tokens: " + why};
}

bool is_url(const std::string& where) {
  return where.find("://") != std::string::npos;
}

std::string text_at(const base::Json& entry, const char* name) {
  const auto found = entry.find(name);
  if (found == entry.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) {
    refuse(std::string{"an issuer has no text "} + name);
  }
  return found->get<std::string>();
}

void check_names(const base::Json& entry) {
  constexpr std::array<std::string_view, 7> kNames{
      "issuer", "alias", "audience", "jwks", "types", "roles_claim", "token_life_max_s"};
  if (!entry.is_object()) refuse("an issuer is not an object");
  for (const auto& [name, value] : entry.items()) {
    if (std::ranges::find(kNames, name) == kNames.end()) {
      refuse("an issuer has an unknown key " + name);
    }
  }
}

IssuerSource source_of(const base::Json& entry) {
  check_names(entry);
  IssuerSource source;
  source.issuer.name = text_at(entry, "issuer");
  source.issuer.alias = text_at(entry, "alias");
  source.issuer.audience = text_at(entry, "audience");
  source.jwks = text_at(entry, "jwks");
  // Most issuers say JWT; their ID tokens are refused because their audience is another.
  source.issuer.types = {"at+jwt", "JWT"};
  if (entry.contains("roles_claim")) {
    source.issuer.roles_claim = text_at(entry, "roles_claim");
  }
  if (entry.contains("types")) {
    const base::Json& types = entry.at("types");
    const bool are_texts =
        types.is_array() && !types.empty() &&
        std::ranges::all_of(types, [](const base::Json& type) { return type.is_string(); });
    if (!are_texts) refuse("types is not a list of texts");
    source.issuer.types = types.get<std::vector<std::string>>();
  }
  if (entry.contains("token_life_max_s")) {
    const auto life_s = wire::integer_of(entry.at("token_life_max_s"));
    if (!life_s || *life_s < 60 || *life_s > 30 * 86'400) {
      refuse("token_life_max_s is not an integer from 60 to 2592000");
    }
    source.issuer.token_life_max = std::chrono::seconds{*life_s};
  }
  if (source.issuer.alias == wire::kOwnAlias || !wire::Caller::from(source.issuer.alias, "x")) {
    refuse("the alias " + source.issuer.alias + " is not 1 to 16 of [a-z0-9], or is `own`");
  }
  if (is_url(source.jwks) && !http::is_fetchable(source.jwks)) {
    // Over a line that others can write on they would be anybody's.
    refuse("keys are fetched over https only: " + source.jwks);
  }
  return source;
}

}  // namespace

std::vector<IssuerSource> issuer_sources_of(const base::Json& list) {
  if (!list.is_array()) refuse("they are not a list");
  std::vector<IssuerSource> sources;
  std::set<std::string> aliases;
  for (const base::Json& entry : list) {
    sources.push_back(source_of(entry));
    if (!aliases.insert(sources.back().issuer.alias).second) {
      refuse("two issuers have the alias " + sources.back().issuer.alias);
    }
  }
  return sources;
}

base::Result<std::string, std::string> fetch_keys(const std::string& where,
                                                  const std::stop_token& stop) {
  if (is_url(where)) return http::fetch(where, stop);
  std::string text = base::read_small_file(where);
  if (text.empty()) return base::fail(where + " is empty, or not there");
  return text;
}

IssuerKeys::IssuerKeys(IssuerSource source,
                       std::filesystem::path kept_in,
                       Fetch fetch,
                       const base::Log& log,
                       Limits limits)
    : source_{std::move(source)},
      kept_in_{std::move(kept_in)},
      fetch_{std::move(fetch)},
      log_{log},
      limits_{limits} {
  const std::string kept = base::read_small_file(kept_in_);
  if (!kept.empty()) static_cast<void>(take(kept, kept_in_.string()));
}

bool IssuerKeys::refresh(base::Clock::Monotonic now,
                         bool is_key_wanted,
                         const std::stop_token& stop) {
  is_key_wanted_ = is_key_wanted_ || is_key_wanted;
  const bool is_eager = is_key_wanted_ || source_.issuer.keys.empty();
  const auto period = is_eager ? limits_.shortest : limits_.usual;
  if (fetched_at_ && now - *fetched_at_ < period) return false;
  fetched_at_ = now;
  is_key_wanted_ = false;
  const auto text = fetch_(source_.jwks, stop);
  if (!text) {
    log_.warning("the keys of an issuer could not be fetched; the last ones are kept",
                 {{"issuer", source_.issuer.name}, {"reason", text.error()}});
    return false;
  }
  if (*text == set_ || !take(*text, source_.jwks)) return false;
  base::write_private_file(kept_in_, set_ + "\n");
  log_.info("an issuer has other keys than before",
            {{"issuer", source_.issuer.name}, {"keys", source_.issuer.keys.size()}});
  return true;
}

bool IssuerKeys::take(const std::string& text, const std::string& where) {
  auto keys = wire::parse_jwk_set(text);
  if (!keys) {
    log_.warning("what should be the keys of an issuer are none; the last ones are kept",
                 {{"issuer", source_.issuer.name}, {"from", where}, {"reason", keys.error()}});
    return false;
  }
  source_.issuer.keys = *std::move(keys);
  set_ = text;
  return true;
}

}  // namespace engine::requests
