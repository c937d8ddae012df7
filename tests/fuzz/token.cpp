#include "wire/token.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"
#include "wire/base64url.hpp"

#include <algorithm>
#include <string>

// "raw" and any token; "edit" and places with what to put there in a valid token; "claims" or
// "header" and one that is signed with the right key.

const fuzz::Target fuzz::target{.name = "token", .mutations = 5'000};

namespace {

using base::check;
using base::Json;

constexpr std::int64_t kNow = 1'800'000'000;

class FixedClock final : public base::Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override { return {}; }
  [[nodiscard]] Wall wall() const override { return Wall{std::chrono::seconds{kNow}}; }
};

/// Whoever has the key. It is 32 zero bytes, so that every run has the same.
struct Signer {
  FixedClock clock;
  wire::SigningKey key = wire::SigningKey::from_pem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
      "-----END PRIVATE KEY-----\n");
  wire::TokenVerifier verifier{{wire::own_issuer({key.public_key()})}, clock};
  std::string header = R"({"alg":"EdDSA","kid":")" + key.kid() + R"(","typ":"at+jwt"})";
  std::string claims =
      R"({"iss":"earshot","aud":"earshot","sub":"guest_1","iat":1800000000,"exp":1800003600})";

  [[nodiscard]] std::string token(std::string_view head, std::string_view payload) const {
    const std::string message = wire::to_base64url(head) + '.' + wire::to_base64url(payload);
    return message + '.' + wire::to_base64url(key.sign(message));
  }
};

std::string edited(std::string token, fuzz::Words& words) {
  while (!words.rest().empty()) {
    const auto at = static_cast<std::size_t>(words.integer(0, 4096)) % token.size();
    token.replace(at, 1, words.next());
    if (token.empty()) token = ".";
  }
  return token;
}

bool is_integer_within(const Json& claims,
                       const char* name,
                       std::int64_t least,
                       std::int64_t most) {
  return claims.contains(name) && claims[name].is_number_integer() && claims[name] >= least &&
         claims[name] <= most;
}

/// Read by the library alone, without any of the verifier's code.
void check_accepted(const Json& header, const Json& claims, const std::string& kid) {
  check(header.at("alg") == "EdDSA" && header.at("typ") == "at+jwt" && header.at("kid") == kid &&
            !header.contains("crit"),
        "an accepted header says our key, algorithm and type");
  check(is_integer_within(claims, "exp", kNow + 1, kNow + 86'400), "an accepted token lives");
  for (const char* start : {"nbf", "iat"}) {
    check(!claims.contains(start) || is_integer_within(claims, start, INT64_MIN, kNow + 60),
          "an accepted token has begun");
  }
  check(claims.at("iss") == "earshot", "an accepted token is from us");
  const Json& aud = claims.at("aud");
  check(aud == "earshot" || (aud.is_array() && std::count(aud.begin(), aud.end(), "earshot") > 0),
        "an accepted token is for us");
  check(wire::is_own_sub(claims.at("sub").get<std::string>()), "an accepted sub is plain");
}

void check_signed(const Signer& signer, const std::string& header, const std::string& claims) {
  if (!signer.verifier.verify(signer.token(header, claims))) return;
  check_accepted(Json::parse(header), Json::parse(claims), signer.key.kid());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Signer signer;
  static const std::string good = signer.token(signer.header, signer.claims);
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const std::string_view way = words.next();
  if (way == "header") {
    check_signed(signer, std::string{words.rest()}, signer.claims);
  } else if (way == "claims") {
    check_signed(signer, signer.header, std::string{words.rest()});
  } else {
    const std::string token = way == "edit" ? edited(good, words) : std::string{words.rest()};
    const bool is_genuine = token == good;
    check(static_cast<bool>(signer.verifier.verify(token)) == is_genuine,
          "a token is genuine to the last bit, or it is none");
  }
  return 0;
}
