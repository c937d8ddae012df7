#include "base/error.hpp"
#include "integration/pg/pg_case.hpp"
#include "pg/error.hpp"
#include "pg/pool.hpp"
#include "pg/transaction.hpp"

#include <catch2/catch.hpp>

using pg_test::kInsert;
using pg_test::PgCase;

namespace {

constexpr pg::Statement kAll{"all", "select * from item"};

const base::Log& quiet_log() {
  static const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  return log;
}

}  // namespace

TEST_CASE_METHOD(PgCase,
                 "what was prepared before a migration fails once, and works with the next attempt",
                 "[pg][stale]") {
  pg::Pool pool{options(), {.connections_max = 3}, quiet_log()};
  {
    const pg::Lease a = pool.acquire();
    const pg::Lease b = pool.acquire();
    const pg::Lease c = pool.acquire();
    for (const auto* lease : {&a, &b, &c}) (*lease)->run(kAll);
  }
  onlooker().query("alter table item alter column id type text");

  SECTION("a statement of its own") {
    CHECK_THROWS_AS(pool.acquire()->run(kAll), pg::TransientError);
  }
  SECTION("inside a transaction") {
    const pg::Lease lease = pool.acquire();
    pg::Transaction tx{*lease};
    CHECK_THROWS_AS(tx.run(kAll), pg::TransientError);
    CHECK_THROWS_AS(tx.commit(), pg::Poisoned);
  }
  SECTION("as the last statement of a transaction, which is not in doubt") {
    const pg::Lease lease = pool.acquire();
    pg::Transaction tx{*lease};
    try {
      tx.run_and_commit(kAll);
      FAIL("the old plan was used");
    } catch (const pg::TransientError& error) {
      CHECK(error.sqlstate() == "0A000");
    }
  }
  // Not the next connection of the same age.
  CHECK_NOTHROW(pool.acquire()->run(kAll));
}

TEST_CASE_METHOD(PgCase,
                 "statements that a pooler forgot are prepared again on a new connection",
                 "[pg][stale]") {
  pg::Pool pool{options(), {.connections_max = 1}, quiet_log()};
  {
    const pg::Lease lease = pool.acquire();
    lease->run(kInsert, 1);
    lease->query("deallocate all");
    try {
      lease->run(kInsert, 2);
      FAIL("it was remembered");
    } catch (const pg::TransientError& error) {
      CHECK(error.sqlstate() == "26000");
    }
    CHECK_FALSE(lease->is_usable());
  }
  CHECK_NOTHROW(pool.acquire()->run(kInsert, 2));
  CHECK(items() == "1 2");
}

TEST_CASE_METHOD(PgCase, "what the server will never do is not tried again", "[pg][stale]") {
  constexpr pg::Statement kElsewhere{"elsewhere", "select 1 from nowhere.public.item"};
  pg::Connection connection = connect();
  try {
    connection.run(kElsewhere);
    FAIL("it worked");
  } catch (const pg::StatementError& error) {
    CHECK(error.sqlstate() == "0A000");
  }
  CHECK(connection.is_usable());
}
