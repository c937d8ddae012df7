#pragma once

#include "pg/connection.hpp"
#include "pg/migrator.hpp"

#include <memory>
#include <span>
#include <string>

namespace support {

/// The server that scripts/with-services started.
/// Errors: base::Error when EARSHOT_TEST_DATABASE_URL is not set.
[[nodiscard]] std::string shared_server();

/// A database of its own for one test case, cloned from a migrated template, dropped at the end.
///
/// The template is made once per server for each content of the migrations; any number of test
/// programs may run at once. For TEST_CASE_METHOD derive a class that passes its migrations.
class PgFixture {
 public:
  explicit PgFixture(std::span<const pg::MigrationSet> sets,
                     std::string server_url = shared_server());
  PgFixture(const PgFixture&) = delete;
  PgFixture& operator=(const PgFixture&) = delete;
  ~PgFixture();

  /// How to reach the test's database. Its timeouts are longer than the product's, because a test
  /// machine is busy: 10 s for a statement, 5 s for a lock.
  [[nodiscard]] const pg::ConnectionOptions& options() const noexcept { return options_; }

  /// A connection beside those under test, to arrange and to look.
  [[nodiscard]] pg::Connection& onlooker() noexcept { return *onlooker_; }
  /// After the server was started again.
  void reconnect() { onlooker_ = make_onlooker(); }

  /// The first column of the only row that `sql` gives the onlooker.
  [[nodiscard]] std::string value_of(const std::string& sql);

  /// Ends a server process, and waits until it is gone.
  void terminate_backend(int pid);

 private:
  [[nodiscard]] std::unique_ptr<pg::Connection> make_onlooker() const;

  std::string server_url_;
  pg::ConnectionOptions options_;
  std::unique_ptr<pg::Connection> onlooker_;
};

}  // namespace support
