#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace engine::jobs {

/// The minutes that a cron expression names, in UTC: minute, hour, day of the month, month, day of
/// the week.
///
/// A field is `*`, or a list of numbers, ranges `a-b` and steps `*/n` and `a-b/n`; months and days
/// of the week may be the first three letters of their English names; Sunday is 0 and 7. When both
/// fields of days leave some out, a day that either of them names is meant.
/// Source: POSIX.1-2017, crontab; steps and names as in Paul Vixie's cron.
class CronTimes {
 public:
  using Minute = std::chrono::sys_time<std::chrono::minutes>;

  /// Errors: a sentence that says which field is wrong, and how; also for days that no year has.
  [[nodiscard]] static base::Result<CronTimes, std::string> parse(std::string_view text);

  /// The first one later than `moment`.
  [[nodiscard]] Minute next_after(std::chrono::system_clock::time_point moment) const;
  /// The last one not later than `moment`.
  [[nodiscard]] Minute last_until(std::chrono::system_clock::time_point moment) const;

 private:
  using Set = std::uint64_t;  // Bit n: n is a member.
  CronTimes() = default;

  [[nodiscard]] bool has_day(std::chrono::sys_days day) const;
  [[nodiscard]] bool has_possible_day() const;
  [[nodiscard]] bool has_minute(int minute_of_day) const;
  [[nodiscard]] std::optional<Minute> first_of_day(std::chrono::sys_days day, int from) const;
  [[nodiscard]] std::optional<Minute> last_of_day(std::chrono::sys_days day, int until) const;

  Set minutes_{0};
  Set hours_{0};
  Set days_{0};
  Set months_{0};
  Set weekdays_{0};
};

}  // namespace engine::jobs
