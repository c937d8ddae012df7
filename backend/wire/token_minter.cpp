#include "base/check.hpp"
#include "base/random.hpp"
#include "wire/base64url.hpp"
#include "wire/token.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace wire {
namespace {

std::int64_t unix_seconds(std::chrono::system_clock::time_point at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

base::Json names_of(const Roles& roles) {
  base::Json names = base::Json::array();
  if (roles.is_operator) names.push_back("operator");
  if (roles.is_worker) names.push_back("worker");
  return names;
}

}  // namespace

bool is_own_sub(std::string_view sub) {
  constexpr std::size_t kLengthMax = 64;
  return !sub.empty() && sub.size() <= kLengthMax &&
         std::all_of(sub.begin(), sub.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') || letter == '_' || letter == '-';
         });
}

TokenMinter::TokenMinter(SigningKey key, std::string issuer, std::string audience)
    : key_{std::move(key)}, issuer_{std::move(issuer)}, audience_{std::move(audience)} {}

std::string TokenMinter::mint(const Claims& claims) const {
  base::check(is_own_sub(claims.sub), "a token is minted for a sub that no verifier accepts");
  constexpr std::size_t kJtiLength = 20;  // 100 bits: no two are ever the same.
  const base::Json header{{"alg", std::string{name_of(key_.public_key().algorithm())}},
                          {"kid", key_.kid()},
                          {"typ", "at+jwt"}};
  base::Json payload{{"iss", issuer_},
                     {"aud", audience_},
                     {"sub", claims.sub},
                     {"iat", unix_seconds(claims.issued_at)},
                     {"exp", unix_seconds(claims.expires_at)},
                     {"jti", base::random_text(kJtiLength)}};
  if (claims.roles != Roles{}) payload["roles"] = names_of(claims.roles);
  const std::string message =
      to_base64url(base::to_text(header)) + '.' + to_base64url(base::to_text(payload));
  return message + '.' + to_base64url(key_.sign(message));
}

}  // namespace wire
