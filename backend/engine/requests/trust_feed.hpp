#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "engine/requests/issuer_feed.hpp"
#include "engine/requests/token_keyring.hpp"
#include "pg/pool.hpp"
#include "wire/token_gate.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace engine::requests {

struct TrustOptions {
  std::vector<IssuerSource> issuers;    // Besides ourselves.
  std::filesystem::path kept_keys_dir;  // Where the last good keys of issuers are kept.
  // The folder whose trust.json and denied.json the broker's plugin reads; empty: none.
  std::filesystem::path broker_dir;
  std::chrono::milliseconds period{2'000};
};

/// Keeps the gate, and the broker beside us, current: our own keys, those of foreign issuers, and
/// who is denied. A change anywhere is effective here after at most one period, at the broker one
/// second later.
///
/// Threads: any; owns one, and one more where there are foreign issuers.
class TrustFeed {
 public:
  /// Makes the gate's first state from what is on this machine, before anything is fetched.
  TrustFeed(TrustOptions options,
            TokenKeyring& keyring,
            wire::TokenGate& gate,
            pg::Pool& pool,
            const Fetch& fetch,
            const base::Clock& clock,
            const base::Log& log);

  /// A token named a key that nobody has: an issuer may have a new one.
  void want_key() { issuers_.want_key(); }

 private:
  void run(const std::stop_token& stop);
  void refresh();
  void refresh_trust();
  void refresh_denied();

  const TrustOptions options_;
  TokenKeyring& keyring_;
  wire::TokenGate& gate_;
  pg::Pool& pool_;
  const base::Log& log_;
  IssuerFeed issuers_;
  std::vector<wire::Issuer> foreign_;
  bool is_trust_stale_{true};
  std::string denied_text_;
  std::jthread thread_;
};

/// Whom to believe before anything else is known: ourselves, by these keys.
[[nodiscard]] std::vector<wire::Issuer> own_trust(const TokenKeyring& keyring);

/// How the broker's plugin is told. It may be another user, of the folder's group: 0640.
///
/// Errors: base::Error, and what the plugin knows stays.
void tell_broker_trust(const std::filesystem::path& broker_dir,
                       const std::vector<wire::Issuer>& trusted);
void tell_broker_denied(const std::filesystem::path& broker_dir, const std::string& denied);

}  // namespace engine::requests
