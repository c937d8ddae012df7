#include "pg/transaction.hpp"

#include "integration/pg/pg_case.hpp"
#include "integration/pg/relay.hpp"

#include <catch2/catch.hpp>

using pg_test::kInsert;
using pg_test::kInsertVerdict;
using pg_test::kSleep;
using pg_test::PgCase;
using pg_test::Relay;
using namespace std::chrono_literals;

namespace {

constexpr pg::Statement kLockItem{"lock_item", "select id from item where id = $1 for update"};
constexpr pg::Statement kDivide{"divide", "select 1 / $1::int"};

}  // namespace

TEST_CASE_METHOD(PgCase, "a committed transaction is stored, an abandoned one is not", "[pg]") {
  pg::Connection connection = connect();
  {
    pg::Transaction tx{connection};
    CHECK(tx.run(kInsert, 1).one().get<int>("id") == 1);
    tx.run(kInsert, 2);
    tx.commit();
  }
  {
    pg::Transaction tx{connection};
    tx.run(kInsert, 3);
  }
  CHECK(items() == "1 2");
  CHECK(connection.is_usable());
}

TEST_CASE_METHOD(PgCase, "a swallowed error makes every later call throw, COMMIT too", "[pg]") {
  pg::Connection connection = connect();
  {
    pg::Transaction tx{connection};
    tx.run(kInsert, 1);
    CHECK_THROWS_AS(tx.run(kDivide, 0), pg::StatementError);
    CHECK_THROWS_AS(tx.run(kInsert, 2), pg::Poisoned);
    CHECK_THROWS_AS(tx.query("select 1"), pg::Poisoned);
    CHECK_THROWS_AS(tx.run_and_commit(kInsert, 3), pg::Poisoned);
    CHECK_THROWS_WITH(tx.commit(), Catch::Contains("division by zero"));
  }
  CHECK(items().empty());
  CHECK(connection.is_usable());
  connection.run(kInsert, 4);
  CHECK(items() == "4");
}

TEST_CASE_METHOD(PgCase, "a failing script poisons its transaction and names its origin", "[pg]") {
  pg::Connection connection = connect();
  pg::Transaction tx{connection};
  CHECK_THROWS_WITH(tx.query("insert into item values (1); select 1 / 0", "setup.sql"),
                    "setup.sql: division by zero");
  CHECK_THROWS_AS(tx.commit(), pg::Poisoned);
  CHECK(items().empty());
}

TEST_CASE_METHOD(PgCase, "a script cannot end the transaction it is part of unnoticed", "[pg]") {
  pg::Connection connection = connect();
  pg::Transaction tx{connection};
  CHECK_THROWS_AS(tx.query("select 1; rollback"), pg::Poisoned);
  CHECK_THROWS_AS(tx.commit(), pg::Poisoned);
}

TEST_CASE_METHOD(PgCase, "a constraint that is checked at COMMIT fails there by its name", "[pg]") {
  pg::Connection connection = connect();
  connection.run(kInsertVerdict, 1);
  const auto violated = [](const auto& act) -> std::string {
    try {
      act();
    } catch (const pg::UniqueViolation& error) {
      return error.constraint();
    }
    return "nothing";
  };

  SECTION("with commit()") {
    pg::Transaction tx{connection};
    tx.run(kInsert, 1);
    tx.run(kInsertVerdict, 1);
    CHECK(violated([&] { tx.commit(); }) == "one_verdict_each");
  }
  SECTION("with run_and_commit()") {
    pg::Transaction tx{connection};
    tx.run(kInsert, 1);
    CHECK(violated([&] { tx.run_and_commit(kInsertVerdict, 1); }) == "one_verdict_each");
  }
  SECTION("with a statement of its own, whose answer comes before its commit") {
    CHECK(violated([&] { connection.run(kInsertVerdict, 1); }) == "one_verdict_each");
  }
  CHECK(items().empty());
  CHECK(connection.is_usable());
}

TEST_CASE_METHOD(PgCase, "a connection that is lost while committing leaves doubt", "[pg]") {
  Relay relay{options().url};
  pg::ConnectionOptions through_relay = options();
  through_relay.url = relay.url();
  pg::Connection connection{through_relay};

  SECTION("with commit()") {
    pg::Transaction tx{connection};
    tx.run(kInsert, 1);
    relay.cut_at_answer();
    CHECK_THROWS_AS(tx.commit(), pg::InDoubt);
    CHECK_THROWS_AS(tx.commit(), pg::Poisoned);
  }
  SECTION("with run_and_commit()") {
    pg::Transaction tx{connection};
    relay.cut_at_answer();
    CHECK_THROWS_AS(tx.run_and_commit(kInsert, 1), pg::InDoubt);
  }
  SECTION("with a statement of its own") {
    relay.cut_at_answer();
    CHECK_THROWS_AS(connection.run(kInsert, 1), pg::InDoubt);
  }
  // The relay cut the server's answer, so the row is stored: a repetition would fail, or store
  // twice.
  CHECK(items() == "1");
  CHECK_FALSE(connection.is_usable());
}

TEST_CASE_METHOD(PgCase, "a server process that dies at COMMIT leaves doubt", "[pg]") {
  pg::Connection connection = connect();
  onlooker().query(R"(
    create function die() returns trigger language plpgsql as
      $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
    create constraint trigger dies_at_commit after insert on item
      deferrable initially deferred for each row execute function die())");
  pg::Transaction tx{connection};
  tx.run(kInsert, 1);
  CHECK_THROWS_AS(tx.commit(), pg::InDoubt);
  CHECK(items().empty());
}

TEST_CASE_METHOD(PgCase,
                 "a connection that was lost before COMMIT is no doubt: nothing is stored",
                 "[pg]") {
  pg::Connection connection = connect();
  pg::Transaction tx{connection};
  tx.run(kInsert, 1);
  terminate_backend(connection.backend_pid());
  CHECK_THROWS_AS(tx.commit(), pg::TransientError);
  CHECK(items().empty());
  CHECK_FALSE(connection.is_usable());
}

TEST_CASE_METHOD(PgCase, "each call is one round trip, also the first of its statement", "[pg]") {
  Relay relay{options().url};
  pg::ConnectionOptions through_relay = options();
  through_relay.url = relay.url();
  pg::Connection connection{through_relay};
  int before = relay.round_trips();
  const auto round_trips = [&] {
    const int total = relay.round_trips();
    return total - std::exchange(before, total);
  };

  connection.run(kInsert, 1);
  CHECK(round_trips() == 1);
  {
    pg::Transaction tx{connection};
    tx.run(kInsert, 2);
    CHECK(round_trips() == 1);  // BEGIN travels with it.
    tx.run(kLockItem, 1);
    CHECK(round_trips() == 1);
    tx.run_and_commit(kInsert, 3);
    CHECK(round_trips() == 1);  // COMMIT travels with it.
  }
  CHECK(round_trips() == 0);
  {
    pg::Transaction tx{connection};
    CHECK(tx.run_and_commit(kInsert, 4).one().get<int>("id") == 4);
    CHECK(round_trips() == 1);  // Everything in one.
  }
  CHECK(items() == "1 2 3 4");
}

TEST_CASE_METHOD(PgCase, "a failing last statement takes the whole transaction with it", "[pg]") {
  pg::Connection connection = connect();
  {
    pg::Transaction tx{connection};
    tx.run(kInsert, 1);
    CHECK_THROWS_AS(tx.run_and_commit(kDivide, 0), pg::StatementError);
    CHECK_THROWS_AS(tx.commit(), pg::Poisoned);
  }
  CHECK(items().empty());
  CHECK(connection.is_usable());
}

TEST_CASE_METHOD(PgCase, "an empty transaction sends nothing and commits", "[pg]") {
  pg::Connection connection = connect();
  terminate_backend(connection.backend_pid());
  pg::Transaction tx{connection};
  CHECK_NOTHROW(tx.commit());
}

TEST_CASE_METHOD(PgCase, "isolation and access are what was asked for", "[pg]") {
  pg::Connection connection = connect();
  {
    pg::Transaction tx{connection, pg::Isolation::kRepeatableRead};
    tx.query("select 1");
    connect().run(kInsert, 1);
    CHECK(tx.query("select * from item").empty());
  }
  pg::Transaction tx{connection, pg::Isolation::kReadCommitted, pg::Access::kReadOnly};
  CHECK_THROWS_WITH(tx.run(kInsert, 2), Catch::Contains("read-only transaction"));
}

TEST_CASE_METHOD(PgCase, "a statement that takes too long is a passing fault", "[pg]") {
  pg::ConnectionOptions impatient = options();
  impatient.statement_timeout = 50ms;
  pg::Connection connection{impatient};
  pg::Transaction tx{connection};
  try {
    tx.run(kSleep, 5.0);
    FAIL("the statement was not stopped");
  } catch (const pg::TransientError& error) {
    CHECK(error.sqlstate() == "57014");
  }
}

TEST_CASE_METHOD(PgCase, "a lock that takes too long is a passing fault", "[pg]") {
  pg::Connection holder_connection = connect();
  holder_connection.run(kInsert, 1);
  pg::Transaction holder{holder_connection};
  holder.run(kLockItem, 1);

  pg::ConnectionOptions impatient = options();
  impatient.lock_timeout = 50ms;
  pg::Connection connection{impatient};
  pg::Transaction tx{connection};
  try {
    tx.run(kLockItem, 1);
    FAIL("the lock was granted twice");
  } catch (const pg::TransientError& error) {
    CHECK(error.sqlstate() == "55P03");
  }
}
