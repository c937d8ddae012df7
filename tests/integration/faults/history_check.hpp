#pragma once

#include "pg/connection.hpp"

#include <map>
#include <string>
#include <vector>

namespace jobs_test {

/// What was promised, and to whom: idempotency key → job id of each accept that was confirmed.
using Confirmed = std::map<std::string, std::string>;

/// What is wrong with a history of jobs that have all had their time to end; empty: nothing.
///
/// It looks at what is in the tables alone: every confirmed job is there, under the id that was
/// told, once; no job had an effect twice, a completed one had one, and no other had any; results
/// and events belong together; a completed job had no more attempts than it failed, and one; `prev`
/// of each event is the one before on its topic; nothing is left to be done.
/// Shape: the effects are rows of `effect(job_id)`, of kinds that begin with "test.".
[[nodiscard]] std::vector<std::string> violations(pg::Connection& database,
                                                  const Confirmed& confirmed = {});

}  // namespace jobs_test
