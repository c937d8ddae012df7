// The other way round: the client is stopped while the server sends to it. The server then waits in
// send(2), with all its locks, where neither statement nor idle timeout looks.
#include "base/error.hpp"
#include "integration/pg/pg_case.hpp"
#include "integration/pg/relay.hpp"
#include "pg/transaction.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <thread>

using pg_test::kInsert;
using pg_test::PgCase;
using namespace std::chrono_literals;

namespace {

constexpr pg::Statement kMuch{"much", "select repeat('x', 1000000) from generate_series(1, 200)"};

}  // namespace

TEST_CASE_METHOD(PgCase, "over TCP a stopped client's locks are free after a while", "[pg]") {
  pg_test::Relay relay{options().url};
  pg::ConnectionOptions through_relay = options();
  through_relay.url = relay.url();
  through_relay.tcp_user_timeout = 1s;
  pg::Connection connection{through_relay};
  CHECK(connection.query("show tcp_user_timeout").one().get<std::string>(0) == "1000");
  pg::Transaction tx{connection};
  tx.query("lock table item in access exclusive mode");
  relay.go_deaf();
  const std::jthread reader{[&] { CHECK_THROWS_AS(tx.run(kMuch), base::TransientError); }};

  const std::string wait = "select coalesce((select wait_event from pg_stat_activity where pid = " +
                           std::to_string(connection.backend_pid()) + "), 'gone')";
  CHECK(support::eventually([&] { return value_of(wait) == "ClientWrite"; }));
  CHECK(support::eventually([&] { return value_of(wait) == "gone"; }));
  onlooker().run(kInsert, 1);
  connection.break_off();
}

TEST_CASE_METHOD(PgCase, "a Unix socket cannot have that timeout, TCP has it by itself", "[pg]") {
  constexpr auto kInForce = "show tcp_user_timeout";  // As the kernel says, not as it was asked.
  CHECK(connect().query(kInForce).one().get<std::string>(0) == "5000");

  pg::ConnectionOptions by_socket = options();
  by_socket.url += " host='" + value_of("show unix_socket_directories") + "'";
  CHECK(pg::Connection{by_socket}.query(kInForce).one().get<std::string>(0) == "0");
}
