#pragma once

#include "base/json.hpp"
#include "geo/cell.hpp"
#include "geo/point.hpp"
#include "wire/job_id.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace ask_around_me {

/// Ratings are in half stars, 0.5 to 5.0.
inline constexpr std::size_t kHalfStars = 10;

/// A question as it is stored. Its place is the centre of its cell.
struct Question {
  using Time = std::chrono::system_clock::time_point;

  wire::JobId id;
  std::string author;  // The caller's text. Never shown.
  std::string text;
  std::string kind;   // "stars" or "places"
  std::string state;  // "open" or "closed"
  geo::Point place;
  geo::Cell cell;
  std::int64_t answers{0};
  std::int64_t stars_sum_halves{0};
  std::array<std::int64_t, kHalfStars> stars_histogram{};
  std::int64_t version{1};
  Time created_at;
  Time expires_at;
};

/// What everybody may see of a question: in events, results and lists alike.
[[nodiscard]] base::Json public_view(const Question& question);

/// The same, with what depends on who asks: `mine`, and the distance from where they are.
[[nodiscard]] base::Json view_for(const Question& question, const std::string& caller);
[[nodiscard]] base::Json view_for(const Question& question,
                                  const std::string& caller,
                                  geo::Point from);

}  // namespace ask_around_me
