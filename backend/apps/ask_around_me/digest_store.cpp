#include "apps/ask_around_me/digest_store.hpp"

#include "base/time_text.hpp"
#include "geo/distance.hpp"

#include <array>
#include <string>

namespace ask_around_me {
namespace {

// The box of the area comes from the index of the list, the circle is looked at row by row.
constexpr pg::Statement kDigest{"digest_area", R"(
  select count(*) as questions, coalesce(sum(answers), 0)::bigint as answers,
         (sum(stars_sum_halves) filter (where kind = 'stars'))::float8 / 2
           / nullif(sum(answers) filter (where kind = 'stars'), 0) as stars_mean,
         (extract(epoch from max(created_at)) * 1000)::bigint as newest_at_ms
  from ask_around_me.question
  where state = 'open'
    and expires_at > now()
    and point(lon, lat) <@ box(point($1::float8, $2::float8), point($3::float8, $4::float8))
    and 2 * $5::float8 * asin(least(1, sqrt(
          power(sin(radians(lat - $6::float8) / 2), 2)
          + cos(radians($6::float8)) * cos(radians(lat))
            * power(sin(radians(lon - $7::float8) / 2), 2)
        ))) <= $8::float8
    and ($9::timestamptz is null or created_at >= $9))"};

constexpr std::array kStatements{kDigest};

}  // namespace

std::span<const pg::Statement> digest_store_statements() {
  return kStatements;
}

AreaDigest digest_area(pg::Connection& connection, const DigestedArea& wanted) {
  const std::optional<std::string> since =
      wanted.since ? std::optional{base::utc_text(*wanted.since)} : std::nullopt;
  const pg::Rows rows = connection.run(kDigest,
                                       wanted.area.west,
                                       wanted.area.south,
                                       wanted.area.east,
                                       wanted.area.north,
                                       geo::kEarthRadius_m,
                                       wanted.centre.lat,
                                       wanted.centre.lon,
                                       wanted.radius_m,
                                       since);
  const pg::Row row = rows.one();
  const auto newest_at_ms = row.get<std::optional<std::int64_t>>("newest_at_ms");
  AreaDigest digest{.questions = row.get<std::int64_t>("questions"),
                    .answers = row.get<std::int64_t>("answers"),
                    .stars_mean = row.get<std::optional<double>>("stars_mean"),
                    .newest_at = {}};
  if (newest_at_ms) digest.newest_at = AreaDigest::Time{std::chrono::milliseconds{*newest_at_ms}};
  return digest;
}

}  // namespace ask_around_me
