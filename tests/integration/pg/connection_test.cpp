#include "pg/connection.hpp"

#include "base/error.hpp"
#include "integration/pg/pg_case.hpp"
#include "integration/pg/relay.hpp"
#include "pg/error.hpp"
#include "pg/transaction.hpp"

#include <catch2/catch.hpp>

#include <thread>

using pg_test::kInsert;
using pg_test::kSleep;
using pg_test::PgCase;
using pg_test::Relay;
using namespace std::chrono_literals;

TEST_CASE_METHOD(PgCase,
                 "a second row with the same key is refused by the constraint's name",
                 "[pg]") {
  pg::Connection connection = connect();
  connection.run(kInsert, 1);
  try {
    connection.run(kInsert, 1);
    FAIL("the key was taken twice");
  } catch (const pg::UniqueViolation& error) {
    CHECK(error.constraint() == "an_item_is_stored_once");
    CHECK(error.sqlstate() == "23505");
    CHECK(std::string{error.what()}.find("insert into") == std::string::npos);
  }
  CHECK(connection.is_usable());
}

TEST_CASE_METHOD(PgCase,
                 "a statement that cannot be prepared fails each time, and harms nothing",
                 "[pg]") {
  constexpr pg::Statement kWrong{"wrong", "select nonsense from item where id = $1"};
  pg::Connection connection = connect();
  CHECK_THROWS_AS(connection.run(kWrong, 1), pg::StatementError);
  CHECK_THROWS_WITH(connection.run(kWrong, 1), "column \"nonsense\" does not exist");
  CHECK(connection.run(kInsert, 1).affected() == 1);
}

TEST_CASE_METHOD(PgCase,
                 "a script outside a transaction is stored as a whole or not at all",
                 "[pg]") {
  pg::Connection connection = connect();
  CHECK_THROWS(connection.query("insert into item values (1); select 1 / 0"));
  CHECK(items().empty());
  connection.query("insert into item values (1); insert into item values (2)");
  CHECK(items() == "1 2");
}

TEST_CASE_METHOD(PgCase, "a lost connection stays lost and says so", "[pg]") {
  pg::Connection connection = connect();
  connection.run(kInsert, 1);
  terminate_backend(connection.backend_pid());
  for (int attempt = 0; attempt < 4; ++attempt) {
    CHECK_THROWS_AS(connection.run(kInsert, 2), base::TransientError);
  }
  CHECK_FALSE(connection.is_usable());
  CHECK(items() == "1");
}

TEST_CASE_METHOD(PgCase, "a server that falls silent does not hold its client for ever", "[pg]") {
  Relay relay{options().url};
  pg::ConnectionOptions through_relay = options();
  through_relay.url = relay.url();
  pg::Connection connection{through_relay};
  const pg::ReplyLimit limit{connection, 200ms};
  relay.fall_silent();

  SECTION("outside a transaction") {
    CHECK_THROWS_AS(connection.run(kInsert, 1), pg::InDoubt);
  }
  SECTION("inside one") {
    pg::Transaction tx{connection};
    CHECK_THROWS_AS(tx.run(kInsert, 1), pg::TransientError);
    CHECK_THROWS_AS(tx.commit(), pg::Poisoned);
  }
  CHECK_FALSE(connection.is_usable());
}

TEST_CASE_METHOD(PgCase, "another thread can break off a connection that waits", "[pg]") {
  pg::Connection connection = connect();
  const int pid = connection.backend_pid();
  const std::jthread watchdog{[&] {
    const std::string is_waiting =
        "select coalesce((select wait_event = 'PgSleep' from pg_stat_activity where pid = " +
        std::to_string(pid) + "), false)";
    while (value_of(is_waiting) != "t") std::this_thread::yield();
    connection.break_off();
  }};
  CHECK_THROWS_AS(connection.run(kSleep, 8.0), pg::InDoubt);
  CHECK_FALSE(connection.is_usable());
}

TEST_CASE_METHOD(PgCase,
                 "COPY is refused instead of leaving the connection in a strange state",
                 "[pg]") {
  pg::Connection connection = connect();
  CHECK_THROWS_AS(connection.query("copy item from stdin"), base::Error);
  CHECK_FALSE(connection.is_usable());
}

TEST_CASE_METHOD(PgCase,
                 "an unreachable server is a passing fault, a refusing one is not",
                 "[pg]") {
  pg::ConnectionOptions wrong = options();
  SECTION("nobody listens") {
    wrong.url = "postgresql://127.0.0.1:1/postgres";
    CHECK_THROWS_AS(pg::Connection{wrong}, pg::TransientError);
  }
  SECTION("somebody listens and never answers") {
    Relay relay{options().url};
    relay.fall_silent();
    wrong.url = relay.url();
    wrong.connect_timeout = 1s;
    CHECK_THROWS_WITH(pg::Connection{wrong}, "the database did not answer in time");
  }
  SECTION("no such database") {
    wrong.url = pg::with_database(options().url, "nowhere");
    CHECK_THROWS_WITH(pg::Connection{wrong},
                      "the database refused the connection: database \"nowhere\" does not exist");
  }
  SECTION("a wrong password") {
    wrong.url = options().url + " password='wrong secret'";
    try {
      const pg::Connection connection{wrong};
      FAIL("it connected");
    } catch (const pg::StatementError& error) {
      CHECK(error.sqlstate() == "28P01");
      CHECK(std::string{error.what()}.find("secret") == std::string::npos);
    }
  }
  SECTION("not a URL at all") {
    wrong.url = "secret, not a URL";
    CHECK_THROWS_WITH(pg::Connection{wrong}, "the database URL cannot be understood");
  }
}
