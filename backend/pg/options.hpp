#pragma once

#include <chrono>
#include <string>

namespace base {
class Log;
}

namespace pg {

/// How to reach the server, and how long anything on such a connection may take.
struct ConnectionOptions {
  std::string url;  // postgresql://… or key=value; several hosts are tried in order.
  std::string application_name{"earshot"};
  std::chrono::milliseconds statement_timeout{3000};  // 0: none, on the client's side too.
  // How much longer than that the client waits for a reply: enough for the fsync of a COMMIT on a
  // slow disk, which no server timeout covers. Then the connection counts as lost.
  std::chrono::milliseconds reply_margin{5000};
  std::chrono::milliseconds lock_timeout{1000};
  std::chrono::milliseconds idle_in_transaction_timeout{5000};
  std::chrono::seconds connect_timeout{3};  // For each host of the URL.
  // How long the kernels of both sides let sent bytes lie without an acknowledgement. Over TCP it
  // frees the locks of a server that is sending to a stopped client; Unix sockets have no such
  // thing.
  std::chrono::milliseconds tcp_user_timeout{5000};
  /// Index scans only and one generic plan, made once: for connections that run queue statements.
  /// A plan made on an empty table is kept and costs two thirds of the throughput.
  bool pin_planner{false};
  // Where the server's warnings go, at most 10 a minute for each connection; null: nowhere.
  const base::Log* log{nullptr};
};

/// The whole of `options` as one libpq connection string, so that nothing is lost or forgotten when
/// a connection is made again.
///
/// Our server settings win over the URL's `options`; the URL's keepalive settings win over ours.
/// Errors: base::Error when the URL cannot be parsed; the message never repeats it (passwords).
/// Source: PostgreSQL 15 manual, 34.1.2 "Parameter Key Words".
[[nodiscard]] std::string connection_string(const ConnectionOptions& options);

/// The same server and user as `url`, but another database.
[[nodiscard]] std::string with_database(const std::string& url, const std::string& database);

}  // namespace pg
