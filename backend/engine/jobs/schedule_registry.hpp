#pragma once

#include "base/json.hpp"
#include "engine/jobs/cron_times.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace engine::jobs {

/// What becomes of a fire time at which no process ran.
enum class CatchUp {
  kNone,    // Left out, unless it was less than a minute ago.
  kLatest,  // The latest of those missed is made up for, the others are left out.
};

/// A job that is accepted again and again: once for each fire time, however many processes run.
struct Schedule {
  std::string name;  // "<app>.<what>", `[a-z0-9_.]{1,60}`; it is what makes a fire time unique.
  std::string cron;  // As CronTimes: five fields, UTC.
  std::string kind;
  base::Json args = base::Json::object();  // The job's get `fire_at` added.
  CatchUp catch_up{CatchUp::kLatest};
};

/// The schedules of all apps. Filled before the first of them fires, read-only after.
class ScheduleRegistry {
 public:
  static constexpr std::size_t kSchedulesMax = 1'000;

  struct Entry {
    Schedule schedule;
    CronTimes times;
  };

  /// Errors: base::Error for a cron expression that is none or never comes, a name out of its
  ///         letters or taken, arguments that are no object, or one schedule too many.
  void add(Schedule schedule);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace engine::jobs
