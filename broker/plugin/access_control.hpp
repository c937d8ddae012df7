#pragma once

#include "base/clock.hpp"
#include "broker/plugin/access_policy.hpp"
#include "broker/plugin/sessions.hpp"
#include "broker/plugin/watched_file.hpp"
#include "wire/token_gate.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace broker {

struct AccessOptions {
  std::filesystem::path trust_file;  // wire::to_trust_text
  std::filesystem::path deny_file;   // wire::to_text(DenyList); may be missing
  PolicyOptions policy;
  std::size_t filters_max{256};  // Of one connection.
};

/// What the broker's plugin decides, without a word of the broker's interface.
///
/// Threads: the broker's one. Nothing waits: files are small and local.
class AccessControl {
 public:
  using Handle = Sessions::Handle;
  using Say = std::function<void(const std::string& warning)>;

  AccessControl(AccessOptions options, const base::Clock& clock, Say say);

  struct Login {
    Handle handle;
    std::string_view client_id;
    std::string_view username;
    std::string_view password;
    bool is_clean;  // Whether the broker forgets the session when the connection ends.
  };
  enum class Verdict { kYes, kNo, kNotOurs };
  /// kNotOurs: the user name is that of a service account, which the broker itself knows.
  ///
  /// A broker that reads its settings again asks for everybody once more, with the token of the
  /// login: who has handed in a fresh one since stays, and loses nothing.
  [[nodiscard]] Verdict log_in(const Login& login);
  void log_out(Handle handle) { sessions_.close(handle); }

  /// The name of who is logged in; empty for service accounts.
  [[nodiscard]] std::string_view caller_of(Handle handle);

  /// Filters are counted here: the broker's own count never goes down (2.0.11).
  [[nodiscard]] Verdict subscribe(Handle handle, std::string_view filter);
  void unsubscribe(Handle handle, std::string_view filter);
  [[nodiscard]] Verdict publish(Handle handle, std::string_view topic, bool is_retained);
  /// Asked for each delivery.
  [[nodiscard]] Verdict receive(Handle handle);

  struct Message {
    std::string client_id;
    std::string topic;
    std::string payload;
  };
  /// Takes a fresh token of the same caller for a connection that is open.
  [[nodiscard]] std::optional<Message> refresh(Handle handle, std::string_view token);

  struct Due {
    std::vector<Message> messages;
    std::vector<std::string> kicks;
  };
  /// Looks at the files and at the clock. To be called about once a second.
  [[nodiscard]] Due tick();

  /// What was decided since the start.
  struct Counters {
    std::uint64_t logins{0}, refused_logins{0}, refused_filters{0}, refused_publishes{0};
    std::uint64_t refreshes{0}, refused_refreshes{0}, kicks{0};
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }

 private:
  void read_files();
  void read_trust(const std::string& text);
  [[nodiscard]] base::Result<wire::VerifiedToken, std::string> admit(const Login& login);
  [[nodiscard]] bool is_current(const Session& session) const;
  void say_refusal(std::string reason);

  AccessOptions options_;
  const base::Clock& clock_;
  Say say_;
  WatchedFile trust_file_;
  WatchedFile deny_file_;
  std::optional<wire::TokenGate> gate_;  // None until there is somebody to trust.
  wire::DenyList denied_;
  Sessions sessions_;
  Counters counters_;
  std::uint64_t refusals_of_tick_{0};
};

}  // namespace broker
