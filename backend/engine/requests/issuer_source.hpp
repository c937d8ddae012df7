#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "wire/issuer.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace engine::requests {

/// A foreign issuer as an operator describes it: whom to believe, and where its keys are.
struct IssuerSource {
  wire::Issuer issuer;  // Without keys.
  std::string jwks;     // "https://…", or a file's path.
};

/// Reads a list of `{issuer, alias, audience, jwks, types?, roles_claim?, token_life_max_s?}`.
///
/// Errors: base::Error that says what is wrong: an unknown key, an alias that is not
///         `[a-z0-9]{1,16}` or that two have, `own`, a URL that is neither https nor of this host.
[[nodiscard]] std::vector<IssuerSource> issuer_sources_of(const base::Json& list);

/// What a URL or a file holds. Errors: a sentence for the log.
using Fetch = std::function<base::Result<std::string, std::string>(const std::string& where,
                                                                   const std::stop_token& stop)>;

/// The real one. Limits: 5 s, 256 KiB.
[[nodiscard]] base::Result<std::string, std::string> fetch_keys(const std::string& where,
                                                                const std::stop_token& stop);

/// The keys of one foreign issuer, kept fresh: fetched every ten minutes, sooner when a token named
/// a key that is not known, but never more than once a minute, and the last good set is kept.
///
/// Threads: confined.
class IssuerKeys {
 public:
  struct Limits {
    std::chrono::seconds usual{600};
    std::chrono::seconds shortest{60};
  };

  /// `kept_in` is where the last good set survives a restart.
  IssuerKeys(IssuerSource source, std::filesystem::path kept_in, Fetch fetch, const base::Log& log)
      : IssuerKeys{std::move(source), std::move(kept_in), std::move(fetch), log, Limits{}} {}
  IssuerKeys(IssuerSource source,
             std::filesystem::path kept_in,
             Fetch fetch,
             const base::Log& log,
             Limits limits);

  /// Fetches if it is time. True when the keys are others than before.
  [[nodiscard]] bool refresh(base::Clock::Monotonic now,
                             bool is_key_wanted,
                             const std::stop_token& stop = {});

  /// With the keys known now; they may be none.
  [[nodiscard]] const wire::Issuer& issuer() const noexcept { return source_.issuer; }

 private:
  [[nodiscard]] bool take(const std::string& text, const std::string& where);

  IssuerSource source_;
  std::filesystem::path kept_in_;
  Fetch fetch_;
  const base::Log& log_;
  Limits limits_;
  std::optional<base::Clock::Monotonic> fetched_at_;
  bool is_key_wanted_{false};  // Remembered until it may be fetched.
  std::string set_;            // The text that the keys came from.
};

}  // namespace engine::requests
