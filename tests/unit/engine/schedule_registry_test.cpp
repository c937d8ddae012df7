#include "engine/jobs/schedule_registry.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>

using engine::jobs::Schedule;
using engine::jobs::ScheduleRegistry;

namespace {

Schedule schedule(std::string name, std::string cron = "0 * * * *") {
  return {.name = std::move(name), .cron = std::move(cron), .kind = "test.act"};
}

}  // namespace

TEST_CASE("a schedule that cannot be kept is refused by its name", "[unit][jobs][schedule]") {
  ScheduleRegistry schedules;
  schedules.add(schedule("test.hourly"));

  CHECK_THROWS_WITH(schedules.add(schedule("test.never", "0 0 30 2 *")),
                    Catch::Contains("test.never") && Catch::Contains("no year has such a day"));
  CHECK_THROWS_WITH(schedules.add(schedule("test.wrong", "61 * * * *")),
                    Catch::Contains("test.wrong") && Catch::Contains("minute"));
  CHECK_THROWS_WITH(schedules.add(schedule("test.hourly", "5 * * * *")),
                    Catch::Contains("another of this name"));
  CHECK_THROWS_AS(schedules.add(schedule("")), base::Error);
  CHECK_THROWS_AS(schedules.add(schedule("Test")), base::Error);
  CHECK_THROWS_AS(schedules.add(schedule(std::string(61, 'a'))), base::Error);
  Schedule list = schedule("test.list");
  list.args = base::Json::array();
  CHECK_THROWS_AS(schedules.add(list), base::Error);

  CHECK(schedules.entries().size() == 1);
}

TEST_CASE("there are at most 1,000 schedules", "[unit][jobs][schedule]") {
  ScheduleRegistry schedules;
  for (int i = 0; i < 1'000; ++i) schedules.add(schedule("test.n" + std::to_string(i)));

  CHECK_THROWS_WITH(schedules.add(schedule("test.more")), Catch::Contains("1,000"));
}
