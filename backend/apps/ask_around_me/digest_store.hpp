#pragma once

#include "geo/point.hpp"
#include "pg/connection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

/// What is read of ask_around_me.question for digests.
namespace ask_around_me {

/// What was asked in one area.
struct AreaDigest {
  using Time = std::chrono::system_clock::time_point;

  std::int64_t questions{0};
  std::int64_t answers{0};
  std::optional<double> stars_mean;  // Of all ratings; none: nobody has rated anything.
  std::optional<Time> newest_at;
};

struct DigestedArea {
  geo::Box area{};
  geo::Point centre{};
  double radius_m{0};
  std::optional<AreaDigest::Time> since;
};

/// The open questions in an area and in the circle. One round trip.
[[nodiscard]] AreaDigest digest_area(pg::Connection& connection, const DigestedArea& wanted);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> digest_store_statements();

}  // namespace ask_around_me
