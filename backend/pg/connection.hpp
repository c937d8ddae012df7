#pragma once

#include "pg/options.hpp"
#include "pg/parameters.hpp"
#include "pg/rows.hpp"
#include "pg/statement.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

class Session;
struct Fault;
struct Notification;
struct Reply;
struct Step;

/// When waiting ends; none: only the limits of each step count.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// One connection to PostgreSQL. Once lost it stays lost; the Pool makes another.
///
/// Threads: confined to one at a time, except break_off().
class Connection {
 public:
  /// Connects. Errors: TransientError when the server cannot be reached, base::Error otherwise.
  explicit Connection(ConnectionOptions options, Deadline deadline = {});
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// One statement in a transaction of its own: one round trip, also when it is first prepared.
  ///
  /// Errors: InDoubt when the connection is lost: the statement may have been carried out.
  ///         TransientError, StatementError or UniqueViolation: it was not.
  template <class... Values>
  Rows run(const Statement& statement, const Values&... values) {
    return run_alone(statement, Parameters{values...});
  }
  /// Statements without parameters; several, separated by semicolons, are one transaction.
  Rows query(std::string_view sql);

  /// What has come of NOTIFY on the channels that it listens to, or comes within `limit`.
  ///
  /// Shape:  in the order of arrival; empty when nothing came.
  /// Errors: TransientError when the connection is lost.
  [[nodiscard]] std::vector<Notification> wait_for_notifications(std::chrono::milliseconds limit);

  /// Bounds all that is done from now on, however many replies it takes. After it nothing is sent.
  void set_deadline(Deadline deadline) noexcept { deadline_ = deadline; }

  /// Prepares each of them, in one round trip, and says what the server has against it.
  ///
  /// Shape:  one entry per statement, in order; none: it can be prepared.
  /// Errors: TransientError when the connection is lost.
  /// Limits: for a connection that is thrown away afterwards: the names are taken on it.
  [[nodiscard]] std::vector<std::optional<Fault>> try_to_prepare(
      std::span<const Statement> statements);

  /// False after the connection was lost or left in a transaction. Asks the socket, not the server.
  [[nodiscard]] bool is_usable();
  /// True when it was lost because the server did not reply in time.
  [[nodiscard]] bool has_timed_out() const;
  /// True when what it has prepared is out of date, and so may be the same on its contemporaries.
  [[nodiscard]] bool is_stale() const noexcept { return is_stale_; }
  /// Ends the connection under whoever waits on it. Threads: any, for watchdogs.
  void break_off() noexcept;
  /// The server process, as `pg_stat_activity.pid` names it.
  [[nodiscard]] int backend_pid() const;

 private:
  friend class Transaction;
  friend class ReplyLimit;

  // Sends `before`, then the statement with its preparation if need be, then `after`. The last
  // answers of the reply belong to the statement and `after`, in this order.
  Reply exchange(std::vector<Step> before,
                 const Statement& statement,
                 const Parameters& parameters,
                 std::vector<Step> after);
  Rows run_alone(const Statement& statement, const Parameters& parameters);

  // The ways to the session, within the limits.
  Reply send(std::span<const Step> steps);
  Reply send_script(std::string_view sql);
  // What is left for the next reply; none when the deadline is over.
  [[nodiscard]] std::optional<std::chrono::milliseconds> reply_limit() const;
  Reply checked(Reply reply);

  ConnectionOptions options_;
  std::chrono::milliseconds reply_limit_;
  Deadline deadline_;
  bool is_stale_{false};
  std::map<std::string, std::string, std::less<>> prepared_;  // Name → text.
  bool has_transaction_{false};
  std::unique_ptr<Session> session_;
};

/// Sets, while it lives, how long the client waits for each reply; 0 is for ever.
///
/// Migrations take longer than the options say; they also raise the server's own timeouts.
class ReplyLimit {
 public:
  ReplyLimit(Connection& connection, std::chrono::milliseconds limit);
  ReplyLimit(const ReplyLimit&) = delete;
  ReplyLimit& operator=(const ReplyLimit&) = delete;
  ~ReplyLimit();

 private:
  Connection& connection_;
  std::chrono::milliseconds before_;
};

}  // namespace pg
