#include "engine/requests/trust_feed.hpp"

#include "base/error.hpp"
#include "base/pause.hpp"
#include "base/private_file.hpp"
#include "engine/requests/denial_store.hpp"

#include <utility>

namespace engine::requests {

std::vector<wire::Issuer> own_trust(const TokenKeyring& keyring) {
  return {wire::own_issuer(keyring.public_keys())};
}

void tell_broker_trust(const std::filesystem::path& broker_dir,
                       const std::vector<wire::Issuer>& trusted) {
  base::write_group_file(broker_dir / "trust.json", wire::to_trust_text(trusted));
}

void tell_broker_denied(const std::filesystem::path& broker_dir, const std::string& denied) {
  base::write_group_file(broker_dir / "denied.json", denied);
}

TrustFeed::TrustFeed(TrustOptions options,
                     TokenKeyring& keyring,
                     wire::TokenGate& gate,
                     pg::Pool& pool,
                     const Fetch& fetch,
                     const base::Clock& clock,
                     const base::Log& log)
    : options_{std::move(options)},
      keyring_{keyring},
      gate_{gate},
      pool_{pool},
      log_{log},
      issuers_{options_.issuers, options_.kept_keys_dir, fetch, clock, log} {
  refresh_trust();
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void TrustFeed::run(const std::stop_token& stop) {
  for (; !stop.stop_requested(); base::pause(stop, options_.period)) {
    try {
      refresh();
    } catch (const base::TransientError& error) {
      log_.debug("who is denied could not be read", {{"reason", error.what()}});
    } catch (const base::Error& error) {
      log_.error("whom to trust could not be refreshed", {{"reason", error.what()}});
    }
  }
}

void TrustFeed::refresh() {
  refresh_trust();
  refresh_denied();
}

// Nothing is taken as done before it is, so that a full disk means another try two seconds later.
void TrustFeed::refresh_trust() {
  const bool is_reloaded = keyring_.reload();
  auto fresh = issuers_.take_if_new();
  is_trust_stale_ = is_trust_stale_ || is_reloaded || fresh.has_value();
  if (fresh) foreign_ = *std::move(fresh);
  if (!is_trust_stale_) return;

  std::vector<wire::Issuer> trusted = own_trust(keyring_);
  trusted.insert(trusted.end(), foreign_.begin(), foreign_.end());
  gate_.trust(trusted);
  if (!options_.broker_dir.empty()) tell_broker_trust(options_.broker_dir, trusted);
  is_trust_stale_ = false;
}

void TrustFeed::refresh_denied() {
  wire::DenyList denied = read_deny_list(*pool_.acquire());
  std::string text = wire::to_text(denied);
  if (text == denied_text_) return;
  gate_.deny(std::move(denied));
  if (!options_.broker_dir.empty()) tell_broker_denied(options_.broker_dir, text);
  denied_text_ = std::move(text);
}

}  // namespace engine::requests
