#pragma once

#include "base/result.hpp"
#include "engine/jobs/outside_runs.hpp"
#include "http/request.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of the worker API, read and checked. Errors of all: `malformed-json`, `invalid-body`.
namespace engine::requests {

/// `{kinds, limit?, wait?}`
struct AskedWork {
  std::vector<std::string> kinds;
  int limit{1};
  std::chrono::seconds wait{0};
};
/// Errors: a kind that outside workers do not carry out, too.
/// Limits: 32 kinds, a limit of 1 to 100, a wait of 0 to 25 s.
[[nodiscard]] base::Result<AskedWork, wire::Problem> read_claim(std::string_view body,
                                                                const jobs::OutsideRuns& runs);

/// What every later call carries: whose run it is, and the rest of the body.
struct WorkCall {
  jobs::RunLease lease;
  base::Json rest;
};
/// Errors: `lease-lost` for a lease that is of another job, or of none.
[[nodiscard]] base::Result<WorkCall, wire::Problem> read_call(const http::Request& request);

/// `{percent?, note?, partial?, first_place?}`
[[nodiscard]] base::Result<jobs::OutsideRuns::Progress, wire::Problem> read_progress(
    base::Json rest);

/// `{result, events?}`, events being `{type, cell or lat and lon, subject?, data}`.
/// Errors: `invalid-result` for what the kind does not allow: another result than its schema says,
///         a larger one, an event that it does not declare.
/// Limits: 100 events.
[[nodiscard]] base::Result<jobs::Completed, wire::Problem> read_completed(
    base::Json rest, const jobs::OutsideKind& kind, wire::JobId job);

/// `{reason or problem, retry?, retry_in_s?}`, a problem being `{type, title, detail, status}`.
[[nodiscard]] base::Result<jobs::OutsideRuns::Failed, wire::Problem> read_failed(base::Json rest);

/// Nothing but the lease.
[[nodiscard]] std::optional<wire::Problem> refuse_rest(const base::Json& rest);

}  // namespace engine::requests
