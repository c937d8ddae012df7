#include "engine/jobs/retention.hpp"

#include <array>
#include <string>

namespace engine::jobs {
namespace {

// Deletes of 1,000 jobs take some 10 ms, so that they can stand between other work.
constexpr int kStrayAtOnce = 1'000;

constexpr pg::Statement kMake{"retention_make", R"(
  select engine.make_day($1, now() + $2 * interval '1 day'))"};

constexpr pg::Statement kDrop{"retention_drop", R"(
  select engine.drop_days(now() - $1 * interval '1 hour'))"};

constexpr pg::Statement kDeleteStray{"retention_delete_stray", R"(
  select engine.delete_stray_jobs(now() - $1 * interval '1 hour', $2))"};

constexpr pg::Statement kMakeKeys{"retention_make_keys", R"(
  select engine.make_key_day(now() + $1 * interval '1 day'))"};

constexpr pg::Statement kDropKeys{"retention_drop_keys", "select engine.drop_key_days()"};

constexpr pg::Statement kDropDetours{"retention_drop_detours", "select engine.drop_detours()"};

constexpr std::array kStatements{kMake, kDrop, kDeleteStray, kMakeKeys, kDropKeys, kDropDetours};

}  // namespace

std::span<const pg::Statement> retention_statements() {
  return kStatements;
}

int make_days(pg::Connection& connection, int days_ahead) {
  int made = 0;
  for (int day = 0; day <= days_ahead; ++day) {
    for (const char* parent : {"job", "result", "failure"}) {
      if (connection.run(kMake, std::string{parent}, day).one().get<bool>(0)) ++made;
    }
    if (connection.run(kMakeKeys, day).one().get<bool>(0)) ++made;
  }
  return made;
}

KeptDays keep_days(pg::Connection& connection, const Retention& retention) {
  KeptDays kept{.made = make_days(connection, retention.days_ahead)};
  kept.key_days_dropped = connection.run(kDropKeys).one().get<std::int32_t>(0);
  const auto hours = static_cast<std::int32_t>(retention.keep.count());
  kept.dropped = connection.run(kDrop, hours).one().get<std::int32_t>(0);
  while (true) {
    const int deleted =
        connection.run(kDeleteStray, hours, kStrayAtOnce).one().get<std::int32_t>(0);
    kept.stray_deleted += deleted;
    if (deleted < kStrayAtOnce) break;
  }
  connection.run(kDropDetours);
  return kept;
}

}  // namespace engine::jobs
