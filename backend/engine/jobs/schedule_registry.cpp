#include "engine/jobs/schedule_registry.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <utility>

namespace engine::jobs {
namespace {

constexpr std::size_t kNameBytesMax = 60;

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string::npos;
}

}  // namespace

void ScheduleRegistry::add(Schedule schedule) {
  const auto refuse = [&](const std::string& why) {
    throw base::Error{"the schedule \"" + schedule.name + "\" cannot be kept: " + why};
  };
  if (!is_name(schedule.name)) refuse("its name is 1 to 60 of a-z, 0-9, _ and .");
  if (!schedule.args.is_object()) refuse("its arguments are no JSON object");
  if (entries_.size() == kSchedulesMax) refuse("there are 1,000 already");
  const bool is_taken = std::ranges::any_of(
      entries_, [&](const Entry& other) { return other.schedule.name == schedule.name; });
  if (is_taken) refuse("there is another of this name");
  const auto times = CronTimes::parse(schedule.cron);
  if (!times) refuse("\"" + schedule.cron + "\" is no cron expression: " + times.error());
  entries_.push_back({.schedule = std::move(schedule), .times = *times});
}

}  // namespace engine::jobs
