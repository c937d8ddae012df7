#pragma once

#include "base/error.hpp"
#include "engine/jobs/node_lease.hpp"

#include <cstdint>
#include <vector>

namespace engine::jobs {

// 16: a batch of 4,096 is down to single jobs after three failures, and no failure costs more than
// 16 rows.
inline constexpr int kSplitPieces = 16;

/// New batch ids for the pieces of a batch, or for promoted jobs.
/// Errors: base::TransientError when none can be made.
[[nodiscard]] inline std::vector<std::int64_t> make_piece_ids(NodeLease& ids, int count) {
  std::vector<std::int64_t> made;
  for (int i = 0; i < count; ++i) {
    const auto id = ids.next();
    if (!id) throw base::TransientError{"no node number is leased"};
    made.push_back(id->value);
  }
  return made;
}

}  // namespace engine::jobs
