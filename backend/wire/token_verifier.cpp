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
  return base::fail(TokenFault{.reason = std::move(reason)});
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

/// What stands under a claim's name, or at a JSON pointer; null when nothing does.
const Json* find_claim(const Json& claims, const std::string& where) {
  if (where.empty()) return nullptr;
  if (where.front() != '/') {
    const auto found = claims.find(where);
    return found == claims.end() ? nullptr : &*found;
  }
  const Json* at = &claims;
  for (std::size_t begin = 1; begin <= where.size();) {
    const std::size_t end = std::min(where.find('/', begin), where.size());
    const auto found = at->is_object() ? at->find(where.substr(begin, end - begin)) : at->end();
    if (!at->is_object() || found == at->end()) return nullptr;
    at = &*found;
    begin = end + 1;
  }
  return at;
}

/// A list of names, or names with spaces between them as in `scope`. Unknown ones mean nothing.
Roles roles_of(const Json* claim) {
  Roles roles;
  const auto grant = [&roles](std::string_view name) {
    roles.is_operator = roles.is_operator || name == "operator";
    roles.is_worker = roles.is_worker || name == "worker";
  };
  if (claim != nullptr && claim->is_string()) {
    const std::string_view text = claim->get_ref<const std::string&>();
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find(' ', begin), text.size());
      grant(text.substr(begin, end - begin));
      begin = end + 1;
    }
  } else if (claim != nullptr && claim->is_array()) {
    for (const Json& name : *claim) {
      if (name.is_string()) grant(name.get_ref<const std::string&>());
    }
  }
  return roles;
}

/// Whether `aud` is `audience`, or a list of texts with it in it.
bool names_audience(const Json& claims, const std::string& audience) {
  const auto aud = claims.find("aud");
  if (aud == claims.end()) return false;
  if (aud->is_string()) return aud->get_ref<const std::string&>() == audience;
  if (!aud->is_array()) return false;
  const bool are_texts =
      std::all_of(aud->begin(), aud->end(), [](const Json& entry) { return entry.is_string(); });
  return are_texts && std::find(aud->begin(), aud->end(), Json(audience)) != aud->end();
}

/// Whether the time under `name` is absent, or an integer not later than `latest`.
bool is_absent_or_by(const Json& object, const char* name, std::int64_t latest) {
  if (!object.contains(name)) return true;
  const auto at = integer_at(object, name);
  return at && *at <= latest;
}

}  // namespace

TokenVerifier::TokenVerifier(std::vector<Issuer> issuers, const base::Clock& clock)
    : issuers_{std::move(issuers)}, clock_{clock} {
  for (const Issuer& issuer : issuers_) {
    for (const PublicKey& key : issuer.keys) {
      keys_.emplace(key.kid(), Trusted{.key = &key, .issuer = &issuer});
    }
  }
  if (keys_.empty()) throw base::Error{"there is no key to verify tokens with"};
}

base::Result<VerifiedToken, TokenFault> TokenVerifier::verify(std::string_view token) const {
  const auto parts = split(token);
  if (!parts) return refuse("the token is not three parts in at most 4096 bytes");

  const auto signer = signer_of(parts->header, parts->message, parts->signature);
  if (!signer) return base::fail(signer.error());

  const auto claims = parse_object(parts->payload);
  if (!claims) return refuse("the payload " + claims.error().reason);
  return judge(*claims, *signer->issuer);
}

base::Result<TokenVerifier::Trusted, TokenFault> TokenVerifier::signer_of(
    std::string_view header, std::string_view message, std::string_view signature) const {
  const auto json = parse_object(header);
  if (!json) return refuse("the header " + json.error().reason);
  // It lists what a verifier must understand, and there is nothing of the kind here.
  if (json->contains("crit")) return refuse("the header has crit");
  const auto typ = text_at(*json, "typ");
  if (!typ) return refuse("typ is not a text");

  const auto kid = text_at(*json, "kid");
  const auto [first, last] = keys_.equal_range(kid.value_or(""));
  if (!kid || first == last) {
    return base::fail(TokenFault{.reason = "kid names no key", .is_key_unknown = kid.has_value()});
  }
  const auto bytes = from_base64url(signature);
  if (!bytes) return refuse("the signature is not strict base64url");

  std::string reason;
  for (auto found = first; found != last; ++found) {
    const Trusted& trusted = found->second;
    if (std::ranges::find(trusted.issuer->types, *typ) == trusted.issuer->types.end()) {
      reason = "typ is not that of an access token";
    } else if (text_at(*json, "alg") != name_of(trusted.key->algorithm())) {
      reason = "alg is not that of the key";
    } else if (!trusted.key->verify(message, *bytes)) {
      reason = "the signature is forged";
    } else {
      return trusted;
    }
  }
  return refuse(std::move(reason));
}

std::optional<TokenFault> TokenVerifier::judge_times(const Json& claims,
                                                     const Issuer& issuer) const {
  const auto fault = [](std::string reason) { return TokenFault{.reason = std::move(reason)}; };
  const auto since_epoch = clock_.wall().time_since_epoch();
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(since_epoch).count();
  const std::int64_t latest_start = now + kTokenClockLeeway.count();

  const auto expiry = integer_at(claims, "exp");
  if (!expiry || *expiry <= 0) return fault("exp is not a positive integer");
  if (*expiry > now + issuer.token_life_max.count()) {
    return fault("exp is further away than any token of its issuer lives");
  }
  if (!is_absent_or_by(claims, "nbf", latest_start)) return fault("nbf is not a past integer");
  if (!is_absent_or_by(claims, "iat", latest_start)) return fault("iat is not a past integer");
  return std::nullopt;
}

base::Result<VerifiedToken, TokenFault> TokenVerifier::judge(const Json& claims,
                                                             const Issuer& issuer) const {
  if (auto fault = judge_times(claims, issuer)) return base::fail(*std::move(fault));
  if (text_at(claims, "iss") != issuer.name) return refuse("iss is not whose key it is");
  if (!names_audience(claims, issuer.audience)) return refuse("aud does not name us");

  const auto sub = text_at(claims, "sub");
  if (issuer.alias == kOwnAlias && !is_own_sub(sub.value_or(""))) {
    return refuse("sub is not 1 to 64 of [A-Za-z0-9_-]");
  }
  if (!sub || sub->empty()) return refuse("sub is not a text");
  const auto caller = Caller::from(issuer.alias, *sub);
  if (!caller) return refuse("sub is too long");
  if (claims.contains("jti") && !text_at(claims, "jti")) return refuse("jti is not a string");

  const std::chrono::system_clock::time_point expires_at{
      std::chrono::seconds{*integer_at(claims, "exp")}};
  VerifiedToken token{.caller = *caller,
                      .sub = *sub,
                      .jti = text_at(claims, "jti").value_or(""),
                      .expires_at = expires_at,
                      .roles = roles_of(find_claim(claims, issuer.roles_claim))};
  if (expires_at <= clock_.wall()) {
    return base::fail(TokenFault{.reason = "the token has expired", .expired = std::move(token)});
  }
  return token;
}

}  // namespace wire
