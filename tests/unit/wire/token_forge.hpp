#pragma once

#include "base/clock.hpp"
#include "wire/token.hpp"

#include <string>
#include <string_view>

/// A verifier at a known time, and somebody who has its key and signs whatever is wanted.
class TokenForge {
 public:
  static constexpr std::int64_t kNow = 1'800'000'000;

  TokenForge();

  /// A correct header and payload, as JSON text, for tests to spoil.
  [[nodiscard]] std::string header() const;
  [[nodiscard]] static std::string payload();
  /// The correct payload with one claim replaced by this JSON text, or removed by "".
  [[nodiscard]] static std::string payload_with(std::string_view name, std::string_view value);

  [[nodiscard]] std::string signed_token(std::string_view header, std::string_view payload) const;
  [[nodiscard]] std::string signed_payload(std::string_view payload) const {
    return signed_token(header(), payload);
  }

  /// "" when the token is accepted, otherwise why not.
  [[nodiscard]] std::string fault_of(std::string_view token) const;

  [[nodiscard]] const wire::SigningKey& key() const { return key_; }
  [[nodiscard]] const wire::TokenVerifier& verifier() const { return verifier_; }

 private:
  class FixedClock final : public base::Clock {
   public:
    [[nodiscard]] Monotonic monotonic() const override { return {}; }
    [[nodiscard]] Wall wall() const override { return Wall{std::chrono::seconds{kNow}}; }
  };

  FixedClock clock_;
  wire::SigningKey key_;
  wire::TokenVerifier verifier_;
};
