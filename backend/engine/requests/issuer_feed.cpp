#include "engine/requests/issuer_feed.hpp"

#include <utility>

namespace engine::requests {

IssuerFeed::IssuerFeed(const std::vector<IssuerSource>& sources,
                       const std::filesystem::path& kept_keys_dir,
                       const Fetch& fetch,
                       const base::Clock& clock,
                       const base::Log& log)
    : clock_{clock} {
  for (const IssuerSource& source : sources) {
    issuers_.emplace_back(source, kept_keys_dir / (source.issuer.alias + ".jwks.json"), fetch, log);
  }
  publish();
  if (issuers_.empty()) return;
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

std::optional<std::vector<wire::Issuer>> IssuerFeed::take_if_new() {
  return fresh_.with([](auto& fresh) { return std::exchange(fresh, std::nullopt); });
}

void IssuerFeed::run(const std::stop_token& stop) {
  constexpr std::chrono::seconds kPeriod{1};
  for (bool is_wanted = false; !stop.stop_requested();
       is_wanted = key_wanted_.wait_for(stop, kPeriod)) {
    bool is_changed = false;
    for (IssuerKeys& issuer : issuers_) {
      is_changed = issuer.refresh(clock_.monotonic(), is_wanted, stop) || is_changed;
    }
    if (is_changed) publish();
  }
}

void IssuerFeed::publish() {
  std::vector<wire::Issuer> known;
  for (const IssuerKeys& issuer : issuers_) {
    if (!issuer.issuer().keys.empty()) known.push_back(issuer.issuer());
  }
  fresh_.with([&](auto& fresh) { fresh = std::move(known); });
}

}  // namespace engine::requests
