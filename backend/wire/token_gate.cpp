#include "wire/token_gate.hpp"

#include "wire/json_text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace wire {
namespace {

using base::Json;

constexpr std::size_t kGenerationMax = 8192;

std::string denial_key(const VerifiedToken& token) {
  return token.caller.alias() + '/' + token.jti;
}

base::Result<std::unordered_set<std::string>, std::string> texts_at(const Json& json,
                                                                    const char* name) {
  std::unordered_set<std::string> texts;
  const auto list = json.is_object() ? json.find(name) : json.end();
  if (!json.is_object() || list == json.end() || !list->is_array()) {
    return base::fail(std::string{"there is no array "} + name);
  }
  for (const Json& entry : *list) {
    if (!entry.is_string()) return base::fail(std::string{name} + " holds more than texts");
    texts.insert(entry.get<std::string>());
  }
  return texts;
}

Json sorted(const std::unordered_set<std::string>& texts) {
  std::vector<std::string> list{texts.begin(), texts.end()};
  std::ranges::sort(list);
  return list;
}

}  // namespace

bool DenyList::denies(const VerifiedToken& token) const {
  return callers.contains(token.caller.text()) ||
         (!token.jti.empty() && tokens.contains(denial_key(token)));
}

std::string to_text(const DenyList& denied) {
  return base::to_text({{"callers", sorted(denied.callers)}, {"tokens", sorted(denied.tokens)}}) +
         '\n';
}

base::Result<DenyList, std::string> parse_deny_list(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return base::fail(json.error().detail);
  auto callers = texts_at(*json, "callers");
  if (!callers) return base::fail(callers.error());
  auto tokens = texts_at(*json, "tokens");
  if (!tokens) return base::fail(tokens.error());
  return DenyList{.callers = *std::move(callers), .tokens = *std::move(tokens)};
}

TokenGate::TokenGate(std::vector<Issuer> issuers, const base::Clock& clock)
    : clock_{clock},
      state_{State{.verifier = std::make_shared<const TokenVerifier>(std::move(issuers), clock),
                   .denied = {},
                   .young = {},
                   .old = {}}} {}

base::Result<VerifiedToken, TokenFault> TokenGate::verify(std::string_view token) {
  const std::string key{token};
  std::shared_ptr<const TokenVerifier> verifier;
  const auto known = state_.with([&](State& state) -> std::optional<VerifiedToken> {
    verifier = state.verifier;
    for (const Remembered* generation : {&state.young, &state.old}) {
      const auto found = generation->find(key);
      if (found == generation->end()) continue;
      if (state.denied.denies(found->second)) return std::nullopt;
      return found->second;
    }
    return std::nullopt;
  });
  if (known && known->expires_at > clock_.wall()) return *known;

  auto verified = verifier->verify(token);  // Not under the lock: it takes 100 µs.
  if (!verified) return verified;
  const bool is_denied = state_.with([&](State& state) {
    if (state.denied.denies(*verified)) return true;
    // Not when other keys are trusted by now.
    if (state.verifier != verifier) return false;
    if (state.young.size() >= kGenerationMax) {
      state.old = std::exchange(state.young, {});
    }
    state.young.insert_or_assign(key, *verified);
    return false;
  });
  if (is_denied) return base::fail(TokenFault{.reason = "the token or its caller is denied"});
  return verified;
}

base::Result<VerifiedToken, TokenFault> TokenGate::verify(std::string_view token,
                                                          std::chrono::seconds grace) {
  auto verified = verify(token);
  if (verified || !verified.error().expired) return verified;
  VerifiedToken late = *verified.error().expired;
  if (late.expires_at + grace <= clock_.wall()) return verified;
  if (is_denied(late)) return base::fail(TokenFault{.reason = "the token or its caller is denied"});
  return late;
}

void TokenGate::trust(std::vector<Issuer> issuers) {
  auto verifier = std::make_shared<const TokenVerifier>(std::move(issuers), clock_);
  state_.with([&](State& state) {
    state.verifier = std::move(verifier);
    state.young.clear();
    state.old.clear();
  });
}

void TokenGate::deny(DenyList denied) {
  state_.with([&](State& state) { state.denied = std::move(denied); });
}

bool TokenGate::is_denied(const VerifiedToken& token) const {
  return state_.with([&](const State& state) { return state.denied.denies(token); });
}

}  // namespace wire
