#include "engine/database_check.hpp"

#include "api_case.hpp"
#include "apps/ask_around_me/ask_around_me_app.hpp"
#include "base/error.hpp"
#include "pg/pool.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <set>

using api_test::ApiCase;
using Catch::Contains;

namespace {

const ask_around_me::AskAroundMeApp kApp;
const std::array<const engine::App*, 1> kApps{&kApp};

}  // namespace

TEST_CASE_METHOD(ApiCase, "an engine does not begin on a database that it cannot use", "[check]") {
  engine::EngineOptions start;
  start.roles = {.api = false, .worker = true, .bridge = false};
  start.database_url = options().url;
  start.database.is_throw_away = true;
  const auto begin = [&] { const engine::Engine engine{start, kApps, clock, log}; };
  CHECK_NOTHROW(begin());

  SECTION("because statements do not fit it, which are all named") {
    onlooker().query("alter table engine.node rename column term to turn");
    onlooker().query("alter table ask_around_me.question rename column text to words");
    CHECK_THROWS_WITH(begin(),
                      Contains("node_lease (") && Contains("node_renew (") &&
                          Contains("question_insert (") && Contains("question_find (") &&
                          !Contains("job_claim") && !Contains("\n"));
  }
  SECTION("because it may lose what it promised") {
    start.database.is_throw_away = false;
    CHECK_THROWS_WITH(begin(), Contains("fsync is off"));
  }
}

TEST_CASE_METHOD(ApiCase, "a database that comes later is looked at when it comes", "[check]") {
  pg::ConnectionOptions database = options();
  engine::DatabaseCheck check{database, {.is_throw_away = true}, engine::statements(kApps)};
  pg::Pool pool{database,
                {.retry_delay_min = std::chrono::milliseconds{0},
                 .retry_delay_max = std::chrono::milliseconds{0},
                 .admit = [&](pg::Connection& connection) { check.admit(connection); }},
                log};
  onlooker().query("alter table engine.node rename column term to turn");
  CHECK_THROWS_WITH(pool.acquire(), Contains("node_lease ("));
  onlooker().query("alter table engine.node rename column turn to term");
  CHECK_NOTHROW(pool.acquire());
}

TEST_CASE("every statement has a name of its own", "[check]") {
  std::set<std::string_view> names;
  for (const pg::Statement& one : engine::statements(kApps)) {
    INFO(one.name);
    CHECK(names.insert(one.name).second);
  }
}
