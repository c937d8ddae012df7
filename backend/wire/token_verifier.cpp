#include "base/error.hpp"
#include "wire/base64url.hpp"
#include "wire/json_text.hpp"
#include "wire/token.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace wire {
namespace {

using base::Json;

constexpr std::size_t kTokenBytesMax = 4096;
constexpr JsonLimits kJsonLimits{.depth_max = 8};

base::Failure<TokenFault> refuse(std::string reason) {
  return base::fail(TokenFault{std::move(reason)});
}

struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view message;  // Header, dot, payload: what is signed.
};

std::optional<Parts> split(std::string_view token) {
  if (token.size() > kTokenBytesMax) return std::nullopt;
  if (std::count(token.begin(), token.end(), '.') != 2) return std::nullopt;
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  return Parts{.header = token.substr(0, first),
               .payload = token.substr(first + 1, second - first - 1),
               .signature = token.substr(second + 1),
               .message = token.substr(0, second)};
}

base::Result<Json, TokenFault> parse_object(std::string_view part) {
  const auto text = from_base64url(part);
  if (!text) return refuse("is not strict base64url");
  auto json = parse_json(*text, kJsonLimits);
  if (!json) return refuse(json.error().detail);
  if (!json->is_object()) return refuse("is not a JSON object");
  return *std::move(json);
}

/// The string under `name`, or nothing when it is absent or of another type.
std::optional<std::string> text_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

/// The integer under `name`, or nothing: 1e9 and 1.0 are no times.
std::optional<std::int64_t> integer_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::nullopt : integer_of(*found);
}

/// Whether the time under `name` is absent, or an integer not later than `latest`.
bool is_absent_or_by(const Json& object, const char* name, std::int64_t latest) {
  if (!object.contains(name)) return true;
  const auto at = integer_at(object, name);
  return at && *at <= latest;
}

}  // namespace

TokenVerifier::TokenVerifier(const std::vector<PublicKey>& keys,
                             std::string issuer,
                             std::string audience,
                             const base::Clock& clock)
    : issuer_{std::move(issuer)}, audience_{std::move(audience)}, clock_{clock} {
  if (keys.empty()) throw base::Error{"there is no key to verify tokens with"};
  for (const PublicKey& key : keys) keys_.emplace(key.kid(), key);
}

base::Result<VerifiedToken, TokenFault> TokenVerifier::verify(std::string_view token) const {
  const auto parts = split(token);
  if (!parts) return refuse("the token is not three parts in at most 4096 bytes");

  const auto key = key_for(parts->header);
  if (!key) return base::fail(key.error());

  const auto signature = from_base64url(parts->signature);
  if (!signature) return refuse("the signature is not strict base64url");
  if (!(*key)->verify(parts->message, *signature)) return refuse("the signature is forged");

  const auto claims = parse_object(parts->payload);
  if (!claims) return refuse("the payload " + claims.error().reason);
  return judge(*claims);
}

base::Result<const PublicKey*, TokenFault> TokenVerifier::key_for(std::string_view header) const {
  const auto json = parse_object(header);
  if (!json) return refuse("the header " + json.error().reason);
  if (text_at(*json, "typ") != "at+jwt") return refuse("typ is not at+jwt");
  // It lists what a verifier must understand, and there is nothing of the kind here.
  if (json->contains("crit")) return refuse("the header has crit");

  const auto kid = text_at(*json, "kid");
  const auto found = kid ? keys_.find(*kid) : keys_.end();
  if (found == keys_.end()) return refuse("kid names no key");
  const PublicKey& key = found->second;
  if (text_at(*json, "alg") != key.algorithm()) return refuse("alg is not that of the key");
  return &key;
}

base::Result<VerifiedToken, TokenFault> TokenVerifier::judge(const Json& claims) const {
  const auto since_epoch = clock_.wall().time_since_epoch();
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(since_epoch).count();
  const std::int64_t latest_start = now + kTokenClockLeeway.count();

  const auto expiry = integer_at(claims, "exp");
  if (!expiry || *expiry <= 0) return refuse("exp is not a positive integer");
  if (*expiry <= now) return refuse("the token has expired");
  if (*expiry > now + std::chrono::seconds{kTokenLifeMax}.count()) {
    return refuse("exp is further away than any token lives");
  }
  if (!is_absent_or_by(claims, "nbf", latest_start)) return refuse("nbf is not a past integer");
  if (!is_absent_or_by(claims, "iat", latest_start)) return refuse("iat is not a past integer");

  if (text_at(claims, "iss") != issuer_) return refuse("iss is not ours");
  if (!is_for_us(claims)) return refuse("aud does not name us");

  const auto sub = text_at(claims, "sub");
  if (!sub || !is_own_sub(*sub)) return refuse("sub is not 1 to 64 of [A-Za-z0-9_-]");
  const auto caller = Caller::from(kOwnAlias, *sub);
  if (!caller) return refuse("sub is too long");
  if (claims.contains("jti") && !text_at(claims, "jti")) return refuse("jti is not a string");

  return VerifiedToken{
      .caller = *caller,
      .sub = *sub,
      .jti = text_at(claims, "jti").value_or(""),
      .expires_at = std::chrono::system_clock::time_point{std::chrono::seconds{*expiry}}};
}

bool TokenVerifier::is_for_us(const Json& claims) const {
  const auto aud = claims.find("aud");
  if (aud == claims.end()) return false;
  if (aud->is_string()) return aud->get_ref<const std::string&>() == audience_;
  if (!aud->is_array()) return false;
  const bool are_texts =
      std::all_of(aud->begin(), aud->end(), [](const Json& entry) { return entry.is_string(); });
  return are_texts && std::find(aud->begin(), aud->end(), Json(audience_)) != aud->end();
}

}  // namespace wire
