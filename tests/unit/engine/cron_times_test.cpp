#include "engine/jobs/cron_times.hpp"

#include "base/time_text.hpp"

#include <catch2/catch.hpp>

#include <random>

using engine::jobs::CronTimes;
using std::chrono::system_clock;

namespace {

system_clock::time_point at(const std::string& minute) {
  const auto moment = base::parse_utc(minute + ":00Z");
  REQUIRE(moment);
  return *moment;
}

std::string text(CronTimes::Minute minute) {
  return base::utc_text(minute).substr(0, 16);
}

CronTimes parsed(const std::string& cron) {
  const auto times = CronTimes::parse(cron);
  INFO(cron);
  REQUIRE(times);
  return *times;
}

struct Row {
  std::string cron;
  std::string from;
  std::string next;
  std::string last;  // Not later than `from`.
};

}  // namespace

TEST_CASE("a cron expression names its minutes", "[unit][jobs][cron]") {
  // 2026-11-26 is a Thursday.
  const auto row = GENERATE(values<Row>({
      {"* * * * *", "2026-11-26T10:07", "2026-11-26T10:08", "2026-11-26T10:07"},
      {"0 * * * *", "2026-11-26T10:00", "2026-11-26T11:00", "2026-11-26T10:00"},
      {"0 * * * *", "2026-11-26T10:59", "2026-11-26T11:00", "2026-11-26T10:00"},
      {"*/15 * * * *", "2026-11-26T10:07", "2026-11-26T10:15", "2026-11-26T10:00"},
      {"*/25 * * * *", "2026-11-26T10:51", "2026-11-26T11:00", "2026-11-26T10:50"},
      {"5-20/5 * * * *", "2026-11-26T10:20", "2026-11-26T11:05", "2026-11-26T10:20"},
      {"1,3-4,59 * * * *", "2026-11-26T10:03", "2026-11-26T10:04", "2026-11-26T10:03"},
      {"*/99 * * * *", "2026-11-26T10:07", "2026-11-26T11:00", "2026-11-26T10:00"},
      {"30 23 * * *", "2026-12-31T23:30", "2027-01-01T23:30", "2026-12-31T23:30"},
      {"0 0 1 1 *", "2026-11-26T10:07", "2027-01-01T00:00", "2026-01-01T00:00"},
      {"0 9-17 * * mon-fri", "2026-11-27T17:00", "2026-11-30T09:00", "2026-11-27T17:00"},
      {"0 9 * * 1-5", "2026-11-28T12:00", "2026-11-30T09:00", "2026-11-27T09:00"},
      {"0 0 * * 0", "2026-11-26T10:07", "2026-11-29T00:00", "2026-11-22T00:00"},
      {"0 0 * * 7", "2026-11-26T10:07", "2026-11-29T00:00", "2026-11-22T00:00"},
      {"0 0 * * SUN", "2026-11-26T10:07", "2026-11-29T00:00", "2026-11-22T00:00"},
      {"0 0 * * 5-7", "2026-11-29T00:00", "2026-12-04T00:00", "2026-11-29T00:00"},
      {"0 0 * Feb,APR *", "2026-11-26T10:07", "2027-02-01T00:00", "2026-04-30T00:00"},
      {"0 0 31 * *", "2026-11-26T10:07", "2026-12-31T00:00", "2026-10-31T00:00"},
      {"0 0 29 2 *", "2026-11-26T10:07", "2028-02-29T00:00", "2024-02-29T00:00"},
      // 2100 is no leap year.
      {"0 0 29 2 *", "2096-02-29T00:00", "2104-02-29T00:00", "2096-02-29T00:00"},
      {"0 0 29 2 *", "2104-02-28T23:59", "2104-02-29T00:00", "2096-02-29T00:00"},
      // Both fields of days leave some out: either is meant. Friday the 27th comes before the 13th.
      {"0 0 13 * fri", "2026-11-26T10:07", "2026-11-27T00:00", "2026-11-20T00:00"},
      {"0 0 28 * fri", "2026-11-27T10:07", "2026-11-28T00:00", "2026-11-27T00:00"},
      {"0 0 30 2 mon", "2026-11-26T10:07", "2027-02-01T00:00", "2026-02-23T00:00"},
      {" 0   0\t* * * ", "2026-11-26T10:07", "2026-11-27T00:00", "2026-11-26T00:00"},
  }));
  INFO(row.cron << " from " << row.from);
  const CronTimes times = parsed(row.cron);

  CHECK(text(times.next_after(at(row.from))) == row.next);
  CHECK(text(times.last_until(at(row.from))) == row.last);
  // Seconds of the minute do not matter: the minute has begun.
  CHECK(text(times.next_after(at(row.from) + std::chrono::milliseconds{59'999})) == row.next);
  CHECK(text(times.last_until(at(row.from) + std::chrono::milliseconds{59'999})) == row.last);
}

TEST_CASE("what is no cron expression is refused with the field at fault", "[unit][jobs][cron]") {
  const auto [cron, why] = GENERATE(values<std::pair<std::string, std::string>>({
      {"", "five fields"},
      {"* * * *", "five fields"},
      {"* * * * * *", "five fields"},
      {"@daily", "five fields"},
      {"60 * * * *", "minute"},
      {"-1 * * * *", "minute"},
      {"+1 * * * *", "minute"},
      {"1- * * * *", "minute"},
      {"1-2-3 * * * *", "minute"},
      {"5/10 * * * *", "minute"},
      {"*/0 * * * *", "minute"},
      {"*/ * * * *", "minute"},
      {"*/-1 * * * *", "minute"},
      {"*/99999999999999999999 * * * *", "minute"},
      {", * * * *", "minute"},
      {"1, * * * *", "minute"},
      {"1.5 * * * *", "minute"},
      {"** * * * *", "minute"},
      {"jan * * * *", "minute"},
      {"* 24 * * *", "hour"},
      {"* 17-9 * * *", "hour"},
      {"* * 0 * *", "day of the month"},
      {"* * 32 * *", "day of the month"},
      {"* * L * *", "day of the month"},
      {"* * * 0 *", "month"},
      {"* * * 13 *", "month"},
      {"* * * january *", "month"},
      {"* * * mon *", "month"},
      {"* * * * 8", "day of the week"},
      {"* * * * sat-sun", "day of the week"},
      {"* * * * mon#1", "day of the week"},
      {"0 0 30 2 *", "no year"},
      {"0 0 31 2 *", "no year"},
      {"0 0 31 2,4,6,9,11 *", "no year"},
      {"0 0 30-31 feb *", "no year"},
      {std::string(300, '*'), "longer than 256"},
  }));
  INFO(cron);

  const auto times = CronTimes::parse(cron);

  REQUIRE_FALSE(times);
  CHECK_THAT(times.error(), Catch::Contains(why));
}

TEST_CASE("next and last time enclose every moment, with nothing in between",
          "[unit][jobs][cron]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::minstd_rand chance{seed};
  const auto upto = [&](int most) { return std::uniform_int_distribution{0, most}(chance); };
  const auto field = [&](int least, int most) {
    if (upto(2) == 0) return std::string{"*"};
    const int first = least + upto(most - least);
    const int last = first + upto(most - first);
    return std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(1 + upto(5));
  };
  for (int round = 0; round < 300; ++round) {
    // Days that every month has, so that each expression is possible.
    const std::string cron = field(0, 59) + " " + field(0, 23) + " " + field(1, 28) + " " +
                             field(1, 12) + " " + field(0, 7);
    CAPTURE(cron);
    const CronTimes times = parsed(cron);
    const auto moment = at("2026-01-01T00:00") + std::chrono::seconds{upto(100'000'000)};

    const auto last = times.last_until(moment);
    const auto next = times.next_after(moment);

    CHECK(last <= moment);
    CHECK(next > moment);
    CHECK(times.next_after(last) == next);
    CHECK(times.last_until(next) == next);
    CHECK(times.last_until(next - std::chrono::minutes{1}) == last);
  }
}
