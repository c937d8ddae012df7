#include "api_case.hpp"
#include "apps/echo/echo_app.hpp"
#include "apps/echo/say.hpp"
#include "base/error.hpp"
#include "support/eventually.hpp"
#include "support/hand_clock.hpp"

#include <catch2/catch.hpp>

#include <array>

using support::eventually;

namespace {

class AcceptingCase : public api_test::ApiCase {
 public:
  AcceptingCase() : ApiCase{{.api = true, .worker = false, .bridge = false}} {}
};

/// The echo, which also says something by itself.
class TickingApp final : public engine::App {
 public:
  explicit TickingApp(engine::jobs::Schedule schedule) : schedule_{std::move(schedule)} {}
  [[nodiscard]] std::string_view name() const noexcept override { return echo_.name(); }
  [[nodiscard]] pg::MigrationSet migrations() const override { return echo_.migrations(); }
  [[nodiscard]] std::vector<pg::Statement> statements() const override {
    return echo_.statements();
  }
  void register_commands(engine::requests::CommandRegistry&) const override {}
  void register_queries(engine::requests::QueryRegistry&) const override {}
  void register_handlers(engine::jobs::HandlerRegistry& handlers) const override {
    echo_.register_handlers(handlers);
  }
  void register_schedules(engine::jobs::ScheduleRegistry& schedules) const override {
    schedules.add(schedule_);
  }

 private:
  echo::EchoApp echo_;
  engine::jobs::Schedule schedule_;
};

engine::jobs::Schedule every_minute(std::string kind) {
  return {.name = "echo.tick",
          .cron = "* * * * *",
          .kind = std::move(kind),
          .args = {{"text", "tick"}}};
}

constexpr engine::Roles kWorkerOnly{.api = false, .worker = true, .bridge = false};

}  // namespace

TEST_CASE_METHOD(AcceptingCase,
                 "a process that only works is woken by one that only accepts",
                 "[integration][api][processes]") {
  const std::string token = guest();
  const auto first = another_process(kWorkerOnly);
  const auto second = another_process(kWorkerOnly);
  for (const auto* one : {&first, &second}) {
    REQUIRE(eventually([&] { return (*one)->heard()->is_healthy; }));
  }

  for (int i = 0; i < 3; ++i) {
    const auto answer = post("/v1/echo", R"({"text":"hello"})", token);
    REQUIRE(answer.status == 202);
    CHECK(final_job(answer.body.at("id"), token).at("state") == "completed");
  }

  // Both hear of them; how often depends on how many came together.
  CHECK(eventually([&] { return first->heard()->notices >= 1 && second->heard()->notices >= 1; }));
}

TEST_CASE_METHOD(AcceptingCase,
                 "two processes carry out a schedule once for each fire time",
                 "[integration][api][processes][schedule]") {
  const TickingApp app{every_minute(echo::Say::kKind)};
  const std::array<const engine::App*, 1> apps{&app};
  support::HandClock its_clock;
  const auto first = another_process(kWorkerOnly, apps, its_clock);
  const auto second = another_process(kWorkerOnly, apps, its_clock);
  REQUIRE(eventually([&] { return value_of("select count(*) from engine.schedule") == "1"; }));

  for (int minute = 1; minute <= 5; ++minute) {
    its_clock.pass(std::chrono::minutes{1});
    CHECK(eventually(
        [&] { return value_of("select count(*) from echo.note") == std::to_string(minute); }));
  }

  CHECK(value_of("select count(*) from engine.schedule_fire") == "5");
  CHECK(value_of("select count(distinct args->>'fire_at') from engine.job") == "5");
}

TEST_CASE_METHOD(AcceptingCase,
                 "a process does not start with a schedule that it cannot keep",
                 "[integration][api][processes][schedule]") {
  const TickingApp unhandled{every_minute("echo.shout")};
  auto impossible_tick = every_minute(echo::Say::kKind);
  impossible_tick.cron = "0 0 31 4 *";
  const TickingApp impossible{impossible_tick};

  for (const auto& [app, why] :
       {std::pair<const engine::App*, std::string>{&unhandled, "nobody handles"},
        std::pair<const engine::App*, std::string>{&impossible, "no year has such a day"}}) {
    const std::array<const engine::App*, 1> apps{app};
    CHECK_THROWS_WITH(another_process(kWorkerOnly, apps, clock), Catch::Contains(why));
  }
}
