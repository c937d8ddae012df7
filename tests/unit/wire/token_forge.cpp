#include "token_forge.hpp"

#include "wire/base64url.hpp"

TokenForge::TokenForge()
    : key_{wire::SigningKey::generate()},
      verifier_{{wire::own_issuer({wire::SigningKey::generate().public_key(), key_.public_key()})},
                clock_} {}

std::string TokenForge::header() const {
  return R"({"alg":"EdDSA","kid":")" + key_.kid() + R"(","typ":"at+jwt"})";
}

std::string TokenForge::payload() {
  return payload_with("nothing", "");
}

std::string TokenForge::payload_with(std::string_view name, std::string_view value) {
  base::Json claims{{"iss", "earshot"},
                    {"aud", "earshot"},
                    {"sub", "guest_1"},
                    {"iat", kNow},
                    {"exp", kNow + 3600},
                    {"jti", "j1"}};
  claims.erase(std::string{name});
  std::string text = base::to_text(claims);
  if (value.empty()) return text;
  text.pop_back();
  return text.append(",\"").append(name).append("\":").append(value) + '}';
}

std::string TokenForge::signed_token(std::string_view header, std::string_view payload) const {
  const std::string message = wire::to_base64url(header) + '.' + wire::to_base64url(payload);
  return message + '.' + wire::to_base64url(key_.sign(message));
}

std::string TokenForge::fault_of(std::string_view token) const {
  const auto verified = verifier_.verify(token);
  return verified ? "" : verified.error().reason;
}
