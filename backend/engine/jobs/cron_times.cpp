#include "engine/jobs/cron_times.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

namespace engine::jobs {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;
using Set = std::uint64_t;

constexpr int kMinutesOfDay = 24 * 60;
// Around a year like 2100, which is not a leap year, February 29 is eight years away.
constexpr int kDaysMax = 8 * 366 + 1;
constexpr std::size_t kTextBytesMax = 256;

constexpr std::array<std::string_view, 12> kMonths{
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{
    "sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int least;
  int most;
  std::span<const std::string_view> words{};  // Of `least` and what follows.
};

const Field kMinute{.name = "minute", .least = 0, .most = 59};
const Field kHour{.name = "hour", .least = 0, .most = 23};
const Field kDay{.name = "day of the month", .least = 1, .most = 31};
const Field kMonth{.name = "month", .least = 1, .most = 12, .words = kMonths};
const Field kWeekday{.name = "day of the week", .least = 0, .most = 7, .words = kWeekdays};

constexpr Set bit(int member) {
  return Set{1} << member;
}

Set all_of(const Field& field) {
  Set all = 0;
  for (int member = field.least; member <= field.most; ++member) all |= bit(member);
  return all;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  return is_whole && value >= 0 ? std::optional{value} : std::nullopt;
}

std::string lower(std::string_view text) {
  std::string small{text};
  for (char& letter : small) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return small;
}

std::optional<int> member(std::string_view text, const Field& field) {
  const auto word = std::find(field.words.begin(), field.words.end(), lower(text));
  if (word != field.words.end()) {
    return field.least + static_cast<int>(word - field.words.begin());
  }
  const auto value = number(text);
  return value && *value >= field.least && *value <= field.most ? value : std::nullopt;
}

// `*`, `a`, `a-b`, `*/n` or `a-b/n`.
std::optional<Set> parse_item(std::string_view text, const Field& field) {
  const std::size_t slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  std::optional<int> first = field.least;
  std::optional<int> last = field.most;
  bool is_one = false;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    is_one = dash == std::string_view::npos;
    first = member(range.substr(0, dash), field);
    last = is_one ? first : member(range.substr(dash + 1), field);
  }
  std::optional<int> step = 1;
  if (slash != std::string_view::npos) step = number(text.substr(slash + 1));
  const bool is_stepped_one = is_one && slash != std::string_view::npos;
  if (!first || !last || *first > *last || !step || *step < 1 || is_stepped_one) {
    return std::nullopt;
  }
  // Beyond the end of the field every step is the same, and none overflows.
  *step = std::min(*step, field.most + 1);
  Set set = 0;
  for (int value = *first; value <= *last; value += *step) set |= bit(value);
  return set;
}

base::Result<Set, std::string> parse_field(std::string_view text, const Field& field) {
  Set set = 0;
  for (const std::string_view item : split(text, ",")) {
    const auto members = parse_item(item, field);
    if (!members) {
      return base::fail("\"" + std::string{item} + "\" is no " + std::string{field.name} + " (" +
                        std::to_string(field.least) + "-" + std::to_string(field.most) + ")");
    }
    set |= *members;
  }
  return set;
}

bool has(Set set, unsigned value) {
  return (set >> value & 1) != 0;
}

}  // namespace

base::Result<CronTimes, std::string> CronTimes::parse(std::string_view text) {
  if (text.size() > kTextBytesMax) return base::fail(std::string{"it is longer than 256 bytes"});
  std::vector<std::string_view> texts = split(text, " \t");
  std::erase_if(texts, [](std::string_view one) { return one.empty(); });
  if (texts.size() != 5) {
    return base::fail(std::string{"it needs five fields: minute, hour, day, month, weekday"});
  }
  CronTimes times;
  const std::array<std::pair<const Field*, Set*>, 5> fields{{{&kMinute, &times.minutes_},
                                                             {&kHour, &times.hours_},
                                                             {&kDay, &times.days_},
                                                             {&kMonth, &times.months_},
                                                             {&kWeekday, &times.weekdays_}}};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto set = parse_field(texts[i], *fields[i].first);
    if (!set) return base::fail(set.error());
    *fields[i].second = *set;
  }
  // Sunday is 0 and 7.
  if (has(times.weekdays_, 7)) times.weekdays_ |= bit(0);
  if (has(times.weekdays_, 0)) times.weekdays_ |= bit(7);
  if (!times.has_possible_day()) return base::fail(std::string{"no year has such a day"});
  return times;
}

bool CronTimes::has_possible_day() const {
  if (weekdays_ != all_of(kWeekday)) return true;
  constexpr std::array<int, 12> kLongest{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= kLongest.size(); ++month) {
    const Set of_month = bit(kLongest[month - 1] + 1) - 1;
    if (has(months_, month) && (days_ & of_month) != 0) return true;
  }
  return false;
}

bool CronTimes::has_day(sys_days day) const {
  const std::chrono::year_month_day date{day};
  if (!has(months_, unsigned{date.month()})) return false;
  const bool is_named = has(days_, unsigned{date.day()});
  const bool is_weekday = has(weekdays_, std::chrono::weekday{day}.c_encoding());
  const bool is_either = days_ != all_of(kDay) && weekdays_ != all_of(kWeekday);
  return is_either ? is_named || is_weekday : is_named && is_weekday;
}

bool CronTimes::has_minute(int minute_of_day) const {
  return has(hours_, static_cast<unsigned>(minute_of_day / 60)) &&
         has(minutes_, static_cast<unsigned>(minute_of_day % 60));
}

std::optional<CronTimes::Minute> CronTimes::first_of_day(sys_days day, int from) const {
  if (!has_day(day)) return std::nullopt;
  for (int minute = from; minute < kMinutesOfDay; ++minute) {
    if (has_minute(minute)) return day + std::chrono::minutes{minute};
  }
  return std::nullopt;
}

std::optional<CronTimes::Minute> CronTimes::last_of_day(sys_days day, int until) const {
  if (!has_day(day)) return std::nullopt;
  for (int minute = until; minute >= 0; --minute) {
    if (has_minute(minute)) return day + std::chrono::minutes{minute};
  }
  return std::nullopt;
}

CronTimes::Minute CronTimes::next_after(std::chrono::system_clock::time_point moment) const {
  const Minute from = floor<std::chrono::minutes>(moment) + std::chrono::minutes{1};
  sys_days day = floor<days>(from);
  auto found = first_of_day(day, static_cast<int>((from - day).count()));
  for (int i = 0; !found && i < kDaysMax; ++i) found = first_of_day(day += days{1}, 0);
  base::check(found.has_value(), "a cron expression with a possible day has a next time");
  return *found;
}

CronTimes::Minute CronTimes::last_until(std::chrono::system_clock::time_point moment) const {
  const Minute until = floor<std::chrono::minutes>(moment);
  sys_days day = floor<days>(until);
  auto found = last_of_day(day, static_cast<int>((until - day).count()));
  for (int i = 0; !found && i < kDaysMax; ++i)
    found = last_of_day(day -= days{1}, kMinutesOfDay - 1);
  base::check(found.has_value(), "a cron expression with a possible day has a last time");
  return *found;
}

}  // namespace engine::jobs
