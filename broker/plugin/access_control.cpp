#include "broker/plugin/access_control.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time_text.hpp"
#include "wire/topic.hpp"

#include <algorithm>
#include <utility>

namespace broker {
namespace {

// Whoever is refused must not be able to fill the log.
constexpr std::uint64_t kRefusalsSaidPerTick = 10;

/// A caller's text has a dash; names of service accounts must have none.
bool is_service_account(std::string_view username) {
  return !username.empty() && username.find('-') == std::string_view::npos;
}

AccessControl::Message notice(const Session& session, const char* state) {
  return {.client_id = session.client_id,
          .topic = wire::token_topic(session.token.caller),
          .payload = base::to_text(
              {{"state", state}, {"expires_at", base::utc_text(session.token.expires_at)}})};
}

}  // namespace

AccessControl::AccessControl(AccessOptions options, const base::Clock& clock, Say say)
    : options_{std::move(options)},
      clock_{clock},
      say_{std::move(say)},
      trust_file_{options_.trust_file},
      deny_file_{options_.deny_file} {
  read_files();
  if (!gate_)
    say_("nobody with a token can log in before there is " + options_.trust_file.string());
}

AccessControl::Verdict AccessControl::log_in(const Login& login) {
  if (is_service_account(login.username) && !login.password.empty()) return Verdict::kNotOurs;
  const Session* known = sessions_.find(login.handle);
  if (known != nullptr && known->opened_with == login.password &&
      known->client_id == login.client_id && known->token.caller.text() == login.username) {
    return is_current(*known) ? Verdict::kYes : Verdict::kNo;
  }
  auto token = admit(login);
  if (!token) {
    ++counters_.refused_logins;
    say_refusal(std::move(token).error());
    return Verdict::kNo;
  }
  ++counters_.logins;
  sessions_.open(login.handle,
                 {.token = *std::move(token),
                  .client_id = std::string{login.client_id},
                  .opened_with = std::string{login.password}});
  return Verdict::kYes;
}

bool AccessControl::is_current(const Session& session) const {
  return session.token.expires_at > clock_.wall() && !denied_.denies(session.token);
}

void AccessControl::say_refusal(std::string reason) {
  if (++refusals_of_tick_ > kRefusalsSaidPerTick) return;
  // A forger may have put a line of their own into what is wrong with a token.
  std::ranges::replace_if(
      reason, [](unsigned char letter) { return letter < ' ' || letter > '~'; }, '?');
  say_("login refused: " + reason);
}

base::Result<wire::VerifiedToken, std::string> AccessControl::admit(const Login& login) {
  const auto refuse = [](std::string reason) { return base::fail(std::move(reason)); };
  if (login.username.empty() || login.password.empty()) {
    return refuse("a user name and a token are needed");
  }
  if (!gate_) return refuse("there is no key yet");
  auto token = gate_->verify(login.password);
  if (!token) return refuse(token.error().reason);
  if (login.username != token->caller.text()) return refuse("the user name is not the token's");
  if (!may_connect_as(token->caller, login.client_id)) {
    return refuse("the client id does not begin with the caller and a dot");
  }
  // A session that outlives its connection would outlive its token, and fill the memory.
  if (!login.is_clean) return refuse("only clean sessions are kept");
  return *std::move(token);
}

std::string_view AccessControl::caller_of(Handle handle) {
  const Session* session = sessions_.find(handle);
  return session == nullptr ? std::string_view{} : session->token.caller.text();
}

AccessControl::Verdict AccessControl::subscribe(Handle handle, std::string_view filter) {
  Session* session = sessions_.find(handle);
  if (session == nullptr) return Verdict::kNotOurs;
  std::string text{filter};
  const bool has_room = session->filters.size() < options_.filters_max ||
                        session->filters.contains(text);  // Again, perhaps with another QoS.
  if (!has_room || receive(handle) != Verdict::kYes ||
      !may_subscribe(session->token.caller, filter, options_.policy)) {
    ++counters_.refused_filters;
    return Verdict::kNo;
  }
  session->filters.insert(std::move(text));
  return Verdict::kYes;
}

void AccessControl::unsubscribe(Handle handle, std::string_view filter) {
  if (Session* session = sessions_.find(handle)) session->filters.erase(std::string{filter});
}

AccessControl::Verdict AccessControl::publish(Handle handle,
                                              std::string_view topic,
                                              bool is_retained) {
  const Session* session = sessions_.find(handle);
  if (session == nullptr) return Verdict::kNotOurs;
  const bool is_allowed =
      receive(handle) == Verdict::kYes && may_publish(session->token.caller, topic, is_retained);
  if (!is_allowed) ++counters_.refused_publishes;
  return is_allowed ? Verdict::kYes : Verdict::kNo;
}

AccessControl::Verdict AccessControl::receive(Handle handle) {
  const auto deadline = sessions_.deadline_of(handle);
  if (!deadline) return Verdict::kNotOurs;
  return *deadline > clock_.wall() ? Verdict::kYes : Verdict::kNo;
}

std::optional<AccessControl::Message> AccessControl::refresh(Handle handle,
                                                             std::string_view token) {
  const Session* session = sessions_.find(handle);
  if (session == nullptr) return std::nullopt;
  const auto fresh = gate_->verify(token);
  if (!fresh || fresh->caller != session->token.caller) {
    ++counters_.refused_refreshes;
    return notice(*session, "refused");
  }
  ++counters_.refreshes;
  // An older token in a second window must not shorten what this connection has.
  if (fresh->expires_at > session->token.expires_at) sessions_.renew(handle, *fresh);
  return notice(*session, "refreshed");
}

AccessControl::Due AccessControl::tick() {
  if (refusals_of_tick_ > kRefusalsSaidPerTick) {
    say_(std::to_string(refusals_of_tick_ - kRefusalsSaidPerTick) + " more logins refused");
  }
  refusals_of_tick_ = 0;
  read_files();
  Sessions::Due found = sessions_.due(
      clock_.wall(), [this](const wire::VerifiedToken& token) { return denied_.denies(token); });
  Due due;
  for (const Session* session : found.to_warn) {
    due.messages.push_back(notice(*session, "expiring"));
  }
  due.kicks = std::move(found.to_kick);
  counters_.kicks += due.kicks.size();
  return due;
}

void AccessControl::read_files() {
  if (const auto text = trust_file_.read_if_changed()) read_trust(*text);
  if (const auto text = deny_file_.read_if_changed()) {
    auto denied = wire::parse_deny_list(*text);
    if (!denied) {
      say_(deny_file_.path().string() + " is ignored: " + denied.error());
      return;
    }
    denied_ = *std::move(denied);
  }
  if (gate_) gate_->deny(denied_);
}

// What cannot be read changes nothing: whoever was trusted still is.
void AccessControl::read_trust(const std::string& text) {
  auto issuers = wire::parse_trust_text(text);
  if (!issuers) {
    say_(trust_file_.path().string() + " is ignored: " + issuers.error());
    return;
  }
  try {
    if (gate_) {
      gate_->trust(*std::move(issuers));
    } else {
      gate_.emplace(*std::move(issuers), clock_);
    }
  } catch (const base::Error& error) {
    say_(trust_file_.path().string() + " is ignored: " + error.what());
  }
}

}  // namespace broker
