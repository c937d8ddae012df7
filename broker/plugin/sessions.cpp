#include "broker/plugin/sessions.hpp"

#include <utility>

namespace broker {

void Sessions::open(Handle handle, Session session) {
  deadlines_.set(handle, session.token.expires_at);
  sessions_.insert_or_assign(handle, std::move(session));
}

void Sessions::close(Handle handle) {
  deadlines_.erase(handle);
  sessions_.erase(handle);
}

void Sessions::renew(Handle handle, const wire::VerifiedToken& token) {
  Session& session = sessions_.at(handle);
  session.token = token;
  session.is_warned = false;
  deadlines_.set(handle, token.expires_at);
}

Session* Sessions::find(Handle handle) {
  const auto found = sessions_.find(handle);
  return found == sessions_.end() ? nullptr : &found->second;
}

Sessions::Due Sessions::due(Wall now,
                            const std::function<bool(const wire::VerifiedToken&)>& is_denied) {
  Due due;
  for (auto& [handle, session] : sessions_) {
    if (session.token.expires_at <= now || is_denied(session.token)) {
      due.to_kick.push_back(session.client_id);
    } else if (!session.is_warned && session.token.expires_at <= now + kNotice) {
      session.is_warned = true;
      due.to_warn.push_back(&session);
    }
  }
  return due;
}

}  // namespace broker
