#pragma once

#include "pg/error.hpp"
#include "pg/parameters.hpp"
#include "pg/rows.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {
class Log;
}

namespace pg {

/// One part of a message to the server.
struct Step {
  enum class Kind { kCommand, kPrepare, kExecute };
  Kind kind{Kind::kCommand};
  std::string_view name{};                // kPrepare and kExecute.
  std::string_view sql{};                 // kCommand and kPrepare.
  const Parameters* parameters{nullptr};  // kExecute.
};

/// What came back: an answer for each step until the first that failed.
struct Reply {
  std::vector<Rows> answers{};
  std::optional<Fault> fault{};
  bool is_broken{false};  // The connection is lost; what was sent may have been carried out.
};

/// What another session, or this one, has said with NOTIFY.
struct Notification {
  std::string channel;
  std::string payload;
};

/// What a session is made with; `options.hpp` says what the members mean.
struct SessionOptions {
  std::string connection_string;
  std::chrono::milliseconds connect_timeout{3000};  // In all; 0 is for ever.
  const base::Log* log{nullptr};
};

/// The wire to the server: the only class, and session.cpp the only file, that knows libpq.
///
/// It reports faults as data, so that a destructor can roll back without catching.
/// Threads: confined to one, except break_off().
class Session {
 public:
  /// Errors: TransientError when the server cannot be reached, base::Error when it refuses.
  explicit Session(const SessionOptions& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// Sends all steps and one Sync in one message (libpq's pipeline), then reads all answers.
  ///
  /// Units:  waits at most `limit` for the server, 0 for ever; afterwards the session is broken. A
  ///         stopped server keeps its sockets open, so no server-side or TCP timeout helps there.
  /// Source: PostgreSQL 15 manual, 34.5 "Pipeline Mode".
  [[nodiscard]] Reply send(std::span<const Step> steps, std::chrono::milliseconds limit);

  /// The same with a Sync behind each step, so that one that fails does not touch the next.
  ///
  /// Shape: one reply per step; fewer when the connection broke, the last one says so.
  [[nodiscard]] std::vector<Reply> send_apart(std::span<const Step> steps,
                                              std::chrono::milliseconds limit);

  /// Runs statements without parameters by the simple protocol; the last one's answer is kept.
  [[nodiscard]] Reply send_script(std::string_view sql, std::chrono::milliseconds limit);

  /// What has come of NOTIFY, or comes within `limit`.
  ///
  /// Shape: in the order of arrival; empty when nothing came, or the connection is lost.
  /// Units: `limit` is above 0.
  [[nodiscard]] std::vector<Notification> wait_for_notifications(std::chrono::milliseconds limit);

  /// False once the connection is lost, or the server has closed it while it was idle. No round
  /// trip.
  [[nodiscard]] bool is_open();
  [[nodiscard]] bool is_in_transaction() const;
  /// True when it ended because the server did not reply in time.
  [[nodiscard]] bool has_timed_out() const;
  [[nodiscard]] int backend_pid() const;

  /// Ends the connection under whoever waits on it. Threads: any.
  void break_off() noexcept;

 private:
  class Link;
  std::unique_ptr<Link> link_;
};

/// How many hosts a connection string names.
[[nodiscard]] int host_count(const std::string& connection_string);

/// The key-value pairs of a URL or connection string. Errors: base::Error; it repeats no value.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_connection_string(
    const std::string& text);

}  // namespace pg
