#pragma once

#include "base/log.hpp"
#include "engine/jobs/job.hpp"

#include <span>
#include <string_view>

namespace engine::jobs {

/// One line about a job that went wrong, with what it can be searched by: its own id, and those of
/// the request that it came from.
inline void log_error(const base::Log& log,
                      std::string_view sentence,
                      const Job& job,
                      std::string_view reason) {
  log.error(sentence,
            {{"kind", job.kind},
             {"job", job.id.text()},
             {"request_id", job.request_id.value_or("")},
             {"traceparent", job.traceparent.value_or("")},
             {"reason", reason}});
}

/// The same about several of one kind. They are tried again apart, and then each has its own line.
inline void log_error(const base::Log& log,
                      std::string_view sentence,
                      std::string_view kind,
                      std::span<const Job> jobs,
                      std::string_view reason) {
  if (jobs.size() == 1) return log_error(log, sentence, jobs.front(), reason);
  log.error(sentence, {{"kind", kind}, {"jobs", jobs.size()}, {"reason", reason}});
}

}  // namespace engine::jobs
