#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/app.hpp"
#include "engine/jobs/batch_inserter.hpp"
#include "engine/jobs/outside_runs.hpp"
#include "engine/jobs/status_publisher.hpp"
#include "engine/requests/authenticator.hpp"
#include "engine/requests/broker_routes.hpp"
#include "engine/requests/event_waiters.hpp"
#include "engine/requests/guest_routes.hpp"
#include "engine/requests/health_routes.hpp"
#include "engine/requests/job_waiters.hpp"
#include "engine/requests/token_keyring.hpp"
#include "engine/requests/trust_feed.hpp"
#include "engine/requests/work_waiters.hpp"
#include "http/rate_limiter.hpp"
#include "http/server.hpp"
#include "http/static_files.hpp"
#include "pg/pool.hpp"
#include "wire/token_gate.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace engine {

struct ApiOptions {
  http::ServerOptions http;
  requests::BrokerAccess broker;
  requests::GuestOptions guests;
  std::filesystem::path token_key_file;  // Made where it is missing.
  requests::TrustOptions trust;
  std::span<const base::EmbeddedFile> web;
  requests::WaiterOptions waiters{};
};

/// The role `api`: everything between a client's HTTP request and its reply.
class ApiRole {
 public:
  /// `readers`: what the GET routes of apps, events and issuers' keys read with. `callers`: what
  /// jobs are looked up with; their planner is pinned.
  struct Pools {
    pg::Pool& readers;
    pg::Pool& callers;
  };
  ApiRole(ApiOptions options,
          Pools pools,
          std::span<const App* const> apps,
          std::span<const jobs::OutsideKind> outside_kinds,
          const base::Clock& clock,
          const base::Log& log);

  /// `waiters` hold requests that wait for a job, `event_waiters` those that wait for an event, and
  /// `work_waiters` workers that wait for work; `statuses` is told of jobs that are cancelled.
  struct Surroundings {
    jobs::BatchInserter& inserter;
    requests::JobWaiters& waiters;
    requests::EventWaiters& event_waiters;
    const jobs::OutsideRuns& outside_runs;
    requests::WorkWaiters& work_waiters;
    jobs::StatusPublisher& statuses;
  };
  /// Begins to listen. `dependencies` are what /readyz asks.
  void listen(const Surroundings& around, std::vector<requests::Dependency> dependencies);

  [[nodiscard]] int port() const { return server_->port(); }

 private:
  ApiOptions options_;
  const base::Clock& clock_;
  const base::Log& log_;
  Pools pools_;
  requests::TokenKeyring keyring_;
  wire::TokenGate gate_;
  requests::TrustFeed trust_;
  requests::Authenticator authenticator_;
  http::RateLimiter guest_limiter_;
  http::StaticFiles web_;
  requests::CommandRegistry commands_;
  requests::QueryRegistry queries_;
  std::optional<http::Server> server_;  // Last: stopped before anything that its handlers use.
};

}  // namespace engine
