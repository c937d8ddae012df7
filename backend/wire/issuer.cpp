#include "wire/issuer.hpp"

#include "wire/json_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace wire {
namespace {

using base::Json;

constexpr std::size_t kKeysMax = 64;
// A year: more is a mistake, and `now + life` must not overflow.
constexpr std::int64_t kLongestLife_s = 366LL * 24 * 3600;
constexpr JsonLimits kJsonLimits{.depth_max = 8};

base::Failure<std::string> refuse(std::string reason) {
  return base::fail(std::move(reason));
}

base::Result<std::vector<PublicKey>, std::string> keys_of(const Json& set) {
  const auto keys = set.is_object() ? set.find("keys") : set.end();
  if (!set.is_object() || keys == set.end() || !keys->is_array()) {
    return refuse("it is not an object with an array keys");
  }
  if (keys->size() > kKeysMax) return refuse("it has more than 64 keys");
  std::vector<PublicKey> usable;
  for (const Json& jwk : *keys) {
    auto key = PublicKey::from_jwk(jwk);
    if (!key) continue;
    const bool is_known = std::ranges::any_of(
        usable, [&](const PublicKey& other) { return other.kid() == key->kid(); });
    if (is_known) return refuse("two keys have the kid " + key->kid());
    usable.push_back(*std::move(key));
  }
  if (usable.empty()) return refuse("it has no key for EdDSA, ES256 or RS256");
  return usable;
}

Json to_json(const Issuer& issuer) {
  Json keys = Json::array();
  for (const PublicKey& key : issuer.keys) keys.push_back(key.to_jwk());
  return {{"issuer", issuer.name},
          {"alias", issuer.alias},
          {"audience", issuer.audience},
          {"types", issuer.types},
          {"roles_claim", issuer.roles_claim},
          {"token_life_max_s", issuer.token_life_max.count()},
          {"jwks", {{"keys", std::move(keys)}}}};
}

base::Result<Issuer, std::string> issuer_of(const Json& json) {
  const auto has_text = [&](const char* name) {
    return json.is_object() && json.contains(name) && json.at(name).is_string();
  };
  for (const char* name : {"issuer", "alias", "audience", "roles_claim"}) {
    if (!has_text(name)) return refuse(std::string{"an issuer has no text "} + name);
  }
  const Json types = json.value("types", Json::array());
  const bool are_texts = types.is_array() && std::ranges::all_of(types, [](const Json& type) {
                           return type.is_string();
                         });
  if (!are_texts) return refuse("types is not a list of texts");
  const auto life_s = integer_of(json.value("token_life_max_s", Json{}));
  if (!life_s || *life_s <= 0 || *life_s > kLongestLife_s) {
    return refuse("token_life_max_s is not between 1 and a year");
  }
  auto keys = keys_of(json.value("jwks", Json::object()));
  if (!keys) return refuse("jwks: " + keys.error());
  return Issuer{.name = json.at("issuer").get<std::string>(),
                .alias = json.at("alias").get<std::string>(),
                .audience = json.at("audience").get<std::string>(),
                .types = types.get<std::vector<std::string>>(),
                .roles_claim = json.at("roles_claim").get<std::string>(),
                .token_life_max = std::chrono::seconds{*life_s},
                .keys = *std::move(keys)};
}

}  // namespace

Issuer own_issuer(std::vector<PublicKey> keys) {
  Issuer issuer;
  issuer.name = kOwnIssuer;
  issuer.alias = kOwnAlias;
  issuer.audience = kOwnAudience;
  issuer.keys = std::move(keys);
  return issuer;
}

base::Result<std::vector<PublicKey>, std::string> parse_jwk_set(std::string_view text) {
  const auto json = parse_json(text, kJsonLimits);
  if (!json) return refuse(json.error().detail);
  return keys_of(*json);
}

std::string to_trust_text(const std::vector<Issuer>& issuers) {
  Json list = Json::array();
  for (const Issuer& issuer : issuers) list.push_back(to_json(issuer));
  return base::to_text({{"issuers", std::move(list)}}) + '\n';
}

base::Result<std::vector<Issuer>, std::string> parse_trust_text(std::string_view text) {
  const auto json = parse_json(text, kJsonLimits);
  if (!json) return refuse(json.error().detail);
  const auto list = json->is_object() ? json->find("issuers") : json->end();
  if (!json->is_object() || list == json->end() || !list->is_array()) {
    return refuse("there is no array issuers");
  }
  std::vector<Issuer> issuers;
  for (const Json& entry : *list) {
    auto issuer = issuer_of(entry);
    if (!issuer) return refuse(issuer.error());
    issuers.push_back(*std::move(issuer));
  }
  return issuers;
}

}  // namespace wire
