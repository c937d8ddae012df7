#include "pg/options.hpp"

#include "integration/pg/pg_case.hpp"

#include <catch2/catch.hpp>

using pg_test::PgCase;
using namespace std::chrono_literals;

namespace {

std::string setting(pg::Connection& connection, const std::string& name) {
  return connection.query("show " + name).one().get<std::string>(0);
}

}  // namespace

TEST_CASE_METHOD(PgCase, "every limit of a connection is in its connection string", "[pg]") {
  pg::ConnectionOptions some = options();
  some.application_name = "it's \\ a name";
  some.statement_timeout = 1234ms;
  some.lock_timeout = 567ms;
  some.idle_in_transaction_timeout = 8900ms;
  pg::Connection connection{some};
  CHECK(setting(connection, "application_name") == "it's \\ a name");
  CHECK(setting(connection, "statement_timeout") == "1234ms");
  CHECK(setting(connection, "lock_timeout") == "567ms");
  CHECK(setting(connection, "idle_in_transaction_session_timeout") == "8900ms");
  CHECK(setting(connection, "synchronous_commit") == "on");
  CHECK(setting(connection, "default_transaction_isolation") == "read committed");
  CHECK(setting(connection, "tcp_user_timeout") == "5000");
  CHECK(setting(connection, "timezone") == "UTC");
  CHECK(setting(connection, "client_encoding") == "UTF8");
  CHECK(setting(connection, "enable_seqscan") == "on");
}

TEST_CASE_METHOD(PgCase, "a pinned planner keeps to indexes and one plan", "[pg]") {
  pg::ConnectionOptions pinned = options();
  pinned.pin_planner = true;
  pg::Connection connection{pinned};
  for (const char* name : {"seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"}) {
    CHECK(setting(connection, std::string{"enable_"} + name) == "off");
  }
  CHECK(setting(connection, "plan_cache_mode") == "force_generic_plan");
  CHECK(setting(connection, "jit") == "off");
}

TEST_CASE_METHOD(PgCase, "a URL cannot weaken what durability rests on", "[pg]") {
  pg::ConnectionOptions careless = options();
  careless.url += " options='-c synchronous_commit=off -c work_mem=5MB'";
  pg::Connection connection{careless};
  CHECK(setting(connection, "synchronous_commit") == "on");
  CHECK(setting(connection, "work_mem") == "5MB");
}
