#include "pg/pool.hpp"

#include "base/error.hpp"
#include "integration/pg/pg_case.hpp"
#include "pg/error.hpp"
#include "pg/transaction.hpp"

#include <catch2/catch.hpp>

#include <thread>

using pg_test::kInsert;
using pg_test::PgCase;
using namespace std::chrono_literals;

namespace {

const base::Log& quiet_log() {
  static const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  return log;
}

}  // namespace

TEST_CASE_METHOD(PgCase, "a returned connection is used again", "[pg][pool]") {
  pg::Pool pool{options(), {}, quiet_log()};
  const int first = pool.acquire()->backend_pid();
  CHECK(pool.acquire()->backend_pid() == first);

  const pg::Lease lease = pool.acquire();
  CHECK(pool.acquire()->backend_pid() != lease->backend_pid());
}

TEST_CASE_METHOD(PgCase, "whoever waits too long for a connection is told so", "[pg][pool]") {
  pg::Pool pool{options(), {.connections_max = 1, .wait_max = 20ms}, quiet_log()};
  const pg::Lease lease = pool.acquire();
  CHECK_THROWS_WITH(pool.acquire(), "no database connection became free within 20 ms");
}

TEST_CASE_METHOD(PgCase, "a waiter gets the connection that becomes free", "[pg][pool]") {
  pg::Pool pool{options(), {.connections_max = 1, .wait_max = 10s}, quiet_log()};
  auto lease = std::make_unique<pg::Lease>(pool.acquire());
  int pid = 0;
  {
    const std::jthread waiter{[&] { pid = pool.acquire()->backend_pid(); }};
    CHECK(pid == 0);
    lease.reset();
  }
  CHECK(pid != 0);
}

TEST_CASE_METHOD(PgCase, "a stop request ends the wait for a connection", "[pg][pool]") {
  pg::Pool pool{options(), {.connections_max = 1, .wait_max = 1h}, quiet_log()};
  const pg::Lease lease = pool.acquire();
  std::stop_source source;
  source.request_stop();
  CHECK_THROWS_AS(pool.acquire(source.get_token()), base::TransientError);
}

TEST_CASE_METHOD(PgCase,
                 "connections that died while idle are replaced without an error",
                 "[pg][pool]") {
  pg::Pool pool{options(), {.connections_max = 2}, quiet_log()};
  int pid_a = 0;
  int pid_b = 0;
  {
    const pg::Lease a = pool.acquire();
    const pg::Lease b = pool.acquire();
    pid_a = a->backend_pid();
    pid_b = b->backend_pid();
  }
  terminate_backend(pid_a);
  terminate_backend(pid_b);
  CHECK_NOTHROW(pool.acquire()->run(kInsert, 1));
  CHECK(items() == "1");
}

TEST_CASE_METHOD(PgCase, "a connection that broke while it was lent is replaced", "[pg][pool]") {
  pg::Pool pool{options(), {.connections_max = 1, .wait_max = 10ms}, quiet_log()};
  {
    const pg::Lease lease = pool.acquire();
    terminate_backend(lease->backend_pid());
    CHECK_THROWS_AS(lease->run(kInsert, 1), base::TransientError);
  }
  CHECK_NOTHROW(pool.acquire()->run(kInsert, 2));
  CHECK(items() == "2");
}

TEST_CASE_METHOD(PgCase,
                 "an unreachable server is asked once, then left alone for a while",
                 "[pg][pool]") {
  pg::ConnectionOptions nowhere = options();
  nowhere.url = "postgresql://127.0.0.1:1/postgres";
  pg::Pool pool{nowhere, {.retry_delay_min = 1h, .retry_delay_max = 1h}, quiet_log()};
  CHECK_THROWS_AS(pool.acquire(), pg::TransientError);
  CHECK_THROWS_WITH(pool.acquire(), "the database could not be reached a moment ago");
}

TEST_CASE_METHOD(PgCase,
                 "a server that is back is used again, and no slot was lost",
                 "[pg][pool]") {
  onlooker().query(
      "create role guest login connection limit 0 password 'guest'; "
      "grant all on item to guest");
  pg::ConnectionOptions as_guest = options();
  as_guest.url += " user='guest' password='guest'";
  pg::Pool pool{as_guest,
                {.connections_max = 2, .retry_delay_min = 0ms, .retry_delay_max = 0ms},
                quiet_log()};
  for (int attempt = 0; attempt < 5; ++attempt) {
    CHECK_THROWS_AS(pool.acquire(), pg::TransientError);  // 53300: too many connections.
  }
  onlooker().query("alter role guest connection limit -1");
  {
    const pg::Lease a = pool.acquire();
    const pg::Lease b = pool.acquire();
    CHECK_NOTHROW(a->run(kInsert, 1));
  }
  onlooker().query("drop owned by guest");
}
