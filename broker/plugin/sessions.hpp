#pragma once

#include "broker/plugin/deadlines.hpp"
#include "wire/token.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace broker {

/// One connection of somebody with a token.
struct Session {
  wire::VerifiedToken token;  // The freshest that was handed in.
  std::string client_id;
  std::string opened_with;                    // The token of the login, as it came.
  std::unordered_set<std::string> filters{};  // What it listens to.
  bool is_warned{false};                      // Has been told that the token ends.
};

/// The connections that tokens opened, by the broker's own handle of each.
///
/// The broker forgets a handle when the connection ends, and may give it to another; so a session
/// lives from a successful login to the end of its connection, and no longer.
/// Threads: the broker's one.
class Sessions {
 public:
  using Handle = Deadlines::Handle;
  using Wall = Deadlines::Wall;

  /// How long before its token ends a client is told.
  static constexpr std::chrono::seconds kNotice{30};

  void open(Handle handle, Session session);
  void close(Handle handle);
  /// A fresh token for a connection that has a session.
  void renew(Handle handle, const wire::VerifiedToken& token);

  /// Null for connections without a token: service accounts, and those that are over.
  [[nodiscard]] Session* find(Handle handle);
  /// When the token of the session ends: asked for every delivery.
  [[nodiscard]] std::optional<Wall> deadline_of(Handle handle) const {
    return deadlines_.find(handle);
  }
  [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }

  struct Due {
    std::vector<const Session*> to_warn;  // Marked as warned by this call.
    std::vector<std::string> to_kick;     // Client ids.
  };
  /// What is to be done at `now`. Looks at every session: 10,000 take less than a millisecond.
  [[nodiscard]] Due due(Wall now, const std::function<bool(const wire::VerifiedToken&)>& is_denied);

 private:
  std::unordered_map<Handle, Session> sessions_;
  Deadlines deadlines_;  // Of each of them.
};

}  // namespace broker
