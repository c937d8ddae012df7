#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"
#include "wire/issuer.hpp"
#include "wire/token_gate.hpp"

#include <string>

// "issuers", "denied" or "jwks", and any text: the files that tell the broker's plugin whom to
// believe, and a set of keys as issuers publish it.

const fuzz::Target fuzz::target{.name = "trust", .mutations = 20'000};

namespace {

using base::check;

void check_issuers(std::string_view text) {
  const auto issuers = wire::parse_trust_text(text);
  if (!issuers) return check(!issuers.error().empty(), "a refusal has a reason");
  for (const wire::Issuer& issuer : *issuers) {
    check(!issuer.keys.empty() && issuer.keys.size() <= 64, "an issuer has keys, not too many");
    check(issuer.token_life_max.count() > 0, "tokens live");
  }
  const std::string written = wire::to_trust_text(*issuers);
  const auto read = wire::parse_trust_text(written);
  check(read && wire::to_trust_text(*read) == written, "what is written is read as it was");
}

void check_denied(std::string_view text) {
  const auto denied = wire::parse_deny_list(text);
  if (!denied) return check(!denied.error().empty(), "a refusal has a reason");
  const auto read = wire::parse_deny_list(wire::to_text(*denied));
  check(read && read->callers == denied->callers && read->tokens == denied->tokens,
        "nobody is forgotten");
}

void check_keys(std::string_view text) {
  const auto keys = wire::parse_jwk_set(text);
  if (!keys) return check(!keys.error().empty(), "a refusal has a reason");
  for (const wire::PublicKey& key : *keys) {
    check(!key.verify("message", std::string(64, '\0')), "zeros are no signature");
    const auto again = wire::PublicKey::from_jwk(key.to_jwk());
    check(again && again->to_jwk() == key.to_jwk(), "a key is written as it was read");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const std::string_view way = words.next();
  if (way == "issuers") {
    check_issuers(words.rest());
  } else if (way == "denied") {
    check_denied(words.rest());
  } else {
    check_keys(words.rest());
  }
  return 0;
}
