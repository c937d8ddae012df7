// A server that is stopped (SIGSTOP, a hanging disk, a paused virtual machine) keeps its sockets
// open and says nothing: only the client's own clock helps.
#include "base/error.hpp"
#include "integration/pg/pg_case.hpp"
#include "pg/error.hpp"
#include "pg/pool.hpp"
#include "pg/transaction.hpp"
#include "support/eventually.hpp"
#include "support/pg_server.hpp"

#include <catch2/catch.hpp>

#include <optional>

using pg_test::kInsert;
using pg_test::kSleep;
using pg_test::PgCase;
using support::Frozen;
using namespace std::chrono_literals;

namespace {

const base::Log& quiet_log() {
  static const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  return log;
}

/// Fails the test when its scope takes much longer than it may.
class Within {
 public:
  explicit Within(std::chrono::milliseconds limit) : limit_{limit} {}
  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;
  ~Within() { CHECK(std::chrono::steady_clock::now() - began_ < limit_ + 2s); }

 private:
  std::chrono::milliseconds limit_;
  std::chrono::steady_clock::time_point began_{std::chrono::steady_clock::now()};
};

pg::ConnectionOptions impatient(pg::ConnectionOptions options) {
  options.statement_timeout = 200ms;
  options.reply_margin = 200ms;
  return options;
}

}  // namespace

TEST_CASE_METHOD(PgCase, "a stopped server process holds its client only for a while", "[pg]") {
  pg::Connection connection{impatient(options())};

  SECTION("in a statement of its own, which is then in doubt") {
    const Frozen frozen{connection.backend_pid()};
    const Within limit{400ms};
    CHECK_THROWS_AS(connection.run(kInsert, 1), pg::InDoubt);
  }
  SECTION("in a statement of a transaction, of which nothing is stored") {
    pg::Transaction tx{connection};
    tx.run(kInsert, 1);
    const Frozen frozen{connection.backend_pid()};
    const Within limit{400ms};
    CHECK_THROWS_AS(tx.run(kInsert, 2), pg::TransientError);
    CHECK_THROWS_AS(tx.commit(), pg::Poisoned);
  }
  SECTION("in COMMIT") {
    pg::Transaction tx{connection};
    tx.run(kInsert, 1);
    const Frozen frozen{connection.backend_pid()};
    const Within limit{400ms};
    CHECK_THROWS_AS(tx.commit(), pg::InDoubt);
  }
  SECTION("in the last statement and COMMIT, which travel together") {
    pg::Transaction tx{connection};
    const Frozen frozen{connection.backend_pid()};
    const Within limit{400ms};
    CHECK_THROWS_AS(tx.run_and_commit(kInsert, 1), pg::InDoubt);
  }
  SECTION("in a destructor that rolls back") {
    std::optional<pg::Transaction> tx{connection};
    tx->run(kInsert, 1);
    const Frozen frozen{connection.backend_pid()};
    const Within limit{400ms};
    tx.reset();
  }
  CHECK_FALSE(connection.is_usable());
}

TEST_CASE_METHOD(PgCase, "doubt is right: a stopped server may store it when it goes on", "[pg]") {
  pg::Connection connection{impatient(options())};
  const int pid = connection.backend_pid();
  {
    const Frozen frozen{pid};
    CHECK_THROWS_AS(connection.run(kInsert, 1), pg::InDoubt);
    CHECK(items().empty());
  }
  // It had received the statement before the client went away.
  REQUIRE(support::eventually([&] {
    return value_of("select count(*) from pg_stat_activity where pid = " + std::to_string(pid)) ==
           "0";
  }));
  CHECK(items() == "1");
}

TEST_CASE("a server that is stopped as a whole lets nobody wait for ever", "[pg]") {
  support::PgServer server;
  pg::ConnectionOptions options;
  options.url = server.url();
  options.connect_timeout = 1s;
  options = impatient(options);
  pg::Pool pool{options,
                {.connections_max = 1, .retry_delay_min = 10ms, .retry_delay_max = 20ms},
                quiet_log()};
  pool.acquire()->query("select 1");
  server.freeze();

  {
    const Within limit{400ms};
    CHECK_THROWS_AS(pool.acquire()->query("select 1"), pg::InDoubt);
  }
  // The kernel takes the connection for it, so connecting hangs too.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Within limit{1s};
    CHECK_THROWS_AS(pool.acquire(), base::TransientError);
  }
  server.thaw();
  CHECK(support::eventually([&] {
    try {
      return pool.acquire()->query("select 1").size() == 1;
    } catch (const base::TransientError&) {
      return false;
    }
  }));
}

TEST_CASE_METHOD(PgCase, "silence is like being away: others are told at once", "[pg][pool]") {
  pg::Pool pool{impatient(options()),
                {.connections_max = 2, .retry_delay_min = 1h, .retry_delay_max = 1h},
                quiet_log()};
  {
    const pg::Lease lease = pool.acquire();
    const Frozen frozen{lease->backend_pid()};
    CHECK_THROWS_AS(lease->run(kInsert, 1), pg::InDoubt);
  }
  CHECK_THROWS_WITH(pool.acquire(), "the database could not be reached a moment ago");
}

TEST_CASE_METHOD(PgCase, "a borrower's time is bounded over all its statements", "[pg][pool]") {
  pg::Pool pool{options(), {.connections_max = 1, .lease_max = 600ms}, quiet_log()};
  {
    const pg::Lease lease = pool.acquire();
    const Within limit{600ms};
    const auto run_on = [&] {
      for (int i = 0; i < 100; ++i) lease->run(kSleep, 0.05);
    };
    CHECK_THROWS_AS(run_on(), base::TransientError);
  }
  SECTION("and the next one's is its own") {
    REQUIRE(support::eventually([&] {
      try {
        pool.acquire()->run(kInsert, 1);
        return true;
      } catch (const base::TransientError&) {
        return false;
      }
    }));
    CHECK(items() == "1");
  }
}

TEST_CASE_METHOD(PgCase, "after its time nothing is sent, so nothing is in doubt", "[pg][pool]") {
  pg::Connection connection = connect();
  pg::Transaction tx{connection};
  tx.run(kInsert, 1);
  connection.set_deadline(std::chrono::steady_clock::now());
  try {
    tx.commit();
    FAIL("it was committed");
  } catch (const pg::TransientError& error) {
    CHECK(error.sqlstate() == "57014");
  }
  CHECK(items().empty());
}
