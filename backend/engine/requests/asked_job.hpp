#pragma once

#include "engine/jobs/job.hpp"
#include "engine/requests/command_registry.hpp"

#include <chrono>

namespace engine::requests {

/// Reads jobs as POST /v1/jobs takes them: `{kind, args?, priority?, max_attempts?,
/// idempotency_key?, run_at?}`.
///
/// Threads: confined; what it is given outlives it.
class AskedJobs {
 public:
  AskedJobs(const CommandRegistry& commands,
            const http::Request& request,
            const wire::Caller& caller,
            std::chrono::system_clock::time_point now);

  /// Errors: `invalid-body`, with pointers into the item; whatever else the kind's own parser says.
  /// Limits: args of 64 KiB, priority -100 to 100, 1 to 100 attempts, run_at at most 30 days ahead.
  /// A kind whose path has
  ///         parameters cannot be asked for in this way.
  [[nodiscard]] base::Result<jobs::JobSpec, wire::Problem> spec_of(const base::Json& item) const;

 private:
  [[nodiscard]] base::Result<std::string, wire::Problem> args_of(const Command& command,
                                                                 const base::Json& args) const;

  const CommandRegistry& commands_;
  const http::Request& request_;
  const wire::Caller& caller_;
  const std::chrono::system_clock::time_point now_;
};

}  // namespace engine::requests
