#pragma once

#include "geo/cell.hpp"
#include "wire/caller.hpp"
#include "wire/job_id.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace wire {

/// Where events of a 7-letter cell are published: "earshot/v1/geo/9q8/y/y/k/9".
///
/// The first three letters share a level, so that the deepest topic has seven slashes, which is
/// what every broker accepts, and a filter can still stop at any letter after them.
[[nodiscard]] std::string geo_topic(const geo::Cell& leaf);

/// The filter for all events inside `cell`: "earshot/v1/geo/9q8/y/#"; of a leaf, its topic.
///
/// Limits: 3 to 7 letters; a shorter cell has no filter.
[[nodiscard]] std::string geo_filter(const geo::Cell& cell);

/// Where the newest offsets of a 5-letter area are retained: "earshot/v1/head/9q8/y/y".
[[nodiscard]] std::string head_topic(const geo::Cell& area);

/// The filter for the heads of all areas that `cell` touches: "earshot/v1/head/9q8/y/#"; of an area
/// and of what is smaller, the area's topic.
///
/// Limits: 3 letters and more.
[[nodiscard]] std::string head_filter(const geo::Cell& cell);

/// Where a caller follows one of their jobs.
[[nodiscard]] std::string user_job_topic(const Caller& caller, JobId job);

/// Where the broker tells a caller about the token of a connection.
[[nodiscard]] std::string token_topic(const Caller& caller);

/// Where the bridge says whether it is there.
[[nodiscard]] std::string status_topic();

/// The cell whose `geo_topic` this is, or nothing: the input may be any topic.
[[nodiscard]] std::optional<geo::Cell> cell_of_topic(std::string_view topic);

}  // namespace wire
