#pragma once

#include <chrono>
#include <string>

namespace pg {

/// How to reach the server, and how long anything on such a connection may take.
struct ConnectionOptions {
  std::string url;  // postgresql://… or key=value; several hosts are tried in order.
  std::string application_name{"earshot"};
  std::chrono::milliseconds statement_timeout{3000};  // 0: none, on the client's side too.
  std::chrono::milliseconds lock_timeout{1000};
  std::chrono::milliseconds idle_in_transaction_timeout{5000};
  std::chrono::seconds connect_timeout{3};  // For each host of the URL.
  /// Index scans only and one generic plan, made once: for connections that run queue statements.
  /// A plan made on an empty table is kept and costs two thirds of the throughput.
  bool pin_planner{false};
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
