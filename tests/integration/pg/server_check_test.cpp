#include "pg/server_check.hpp"

#include "base/error.hpp"
#include "integration/pg/pg_case.hpp"
#include "pg/pool.hpp"
#include "support/pg_server.hpp"

#include <catch2/catch.hpp>

#include <array>

using Catch::Contains;
using pg_test::PgCase;

namespace {

constexpr pg::ServerRules kStrict{};
constexpr pg::ServerRules kThrowAway{.is_throw_away = true};

}  // namespace

TEST_CASE_METHOD(PgCase, "a server that can lose what it committed is refused", "[pg][check]") {
  pg::Connection connection = connect();
  REQUIRE(value_of("show fsync") == "off");  // scripts/with-services runs it that way.
  CHECK_THROWS_WITH(check_server(connection, kStrict),
                    Contains("fsync is off") && Contains("full_page_writes is off") &&
                        Contains("set it to on") && !Contains("\n"));
  CHECK_NOTHROW(check_server(connection, kThrowAway));

  SECTION("also when a pooler drops our settings") {
    connection.query("set synchronous_commit = off");
    CHECK_THROWS_WITH(check_server(connection, kThrowAway), Contains("synchronous_commit is off"));
  }
  SECTION("also when it throws damaged rows away") {
    connection.query("set zero_damaged_pages = on");
    CHECK_THROWS_WITH(check_server(connection, kThrowAway), Contains("zero_damaged_pages is on"));
  }
}

TEST_CASE("a standby is refused", "[pg][check]") {
  support::PgServer server;
  pg::ConnectionOptions options;
  options.url = server.url();
  {
    pg::Connection connection{options};
    CHECK_NOTHROW(check_server(connection, kThrowAway));
  }
  server.become_standby();
  options.url = server.url();
  pg::Connection connection{options};
  CHECK_THROWS_WITH(check_server(connection, kThrowAway), Contains("it is a standby"));
}

TEST_CASE_METHOD(PgCase,
                 "all statements that the database refuses are named at once",
                 "[pg][check]") {
  constexpr std::array kMixed{
      pg::Statement{"good", "select id from item where id = $1"},
      pg::Statement{"no_table", "select 1 from nowhere"},
      pg::Statement{"also_good", "insert into item (id) values ($1)"},
      pg::Statement{"no_column", "select nonsense from item"},
      pg::Statement{"good", "select 2"},
  };
  pg::Connection connection = connect();
  CHECK_THROWS_WITH(check_statements(connection, kMixed),
                    Contains("no_table (relation \"nowhere\" does not exist); "
                             "no_column (column \"nonsense\" does not exist); "
                             "good (prepared statement \"good\" already exists)") &&
                        !Contains("also_good") && !Contains("\n"));
  CHECK_NOTHROW(check_statements(connection, std::array{pg::Statement{"other", "select 1"}}));
  CHECK(items().empty());
}

TEST_CASE_METHOD(PgCase, "a lost connection is not taken for refused statements", "[pg][check]") {
  pg::Connection connection = connect();
  const std::array one{pg::Statement{"one", "select 1"}};
  SECTION("lost before") {
    terminate_backend(connection.backend_pid());
    CHECK_THROWS_AS(check_statements(connection, one), base::TransientError);
  }
  SECTION("the server does not answer") {
    const pg::ReplyLimit limit{connection, std::chrono::milliseconds{200}};
    const support::Frozen frozen{connection.backend_pid()};
    CHECK_THROWS_AS(check_statements(connection, one), base::TransientError);
  }
}

TEST_CASE_METHOD(PgCase, "a pool lends no connection that was not admitted", "[pg][check]") {
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  bool is_admitted = false;
  const auto admit = [&](pg::Connection& connection) {
    check_server(connection, is_admitted ? kThrowAway : kStrict);
  };
  pg::Pool pool{options(),
                {.connections_max = 1,
                 .wait_max = std::chrono::milliseconds{50},
                 .retry_delay_min = std::chrono::milliseconds{0},
                 .retry_delay_max = std::chrono::milliseconds{0},
                 .admit = admit},
                log};
  for (int attempt = 0; attempt < 3; ++attempt) {
    CHECK_THROWS_WITH(pool.acquire(), Contains("fsync is off"));
  }
  is_admitted = true;
  CHECK_NOTHROW(pool.acquire()->query("select 1"));
}
