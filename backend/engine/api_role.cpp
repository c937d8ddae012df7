#include "engine/api_role.hpp"

#include "engine/requests/area_routes.hpp"
#include "engine/requests/bulk_routes.hpp"
#include "engine/requests/command_routes.hpp"
#include "engine/requests/event_routes.hpp"
#include "engine/requests/job_routes.hpp"
#include "engine/requests/outside_command.hpp"
#include "engine/requests/query_routes.hpp"
#include "engine/requests/work_routes.hpp"

namespace engine {

ApiRole::ApiRole(ApiOptions options,
                 Pools pools,
                 std::span<const App* const> apps,
                 std::span<const jobs::OutsideKind> outside_kinds,
                 const base::Clock& clock,
                 const base::Log& log)
    : options_{std::move(options)},
      clock_{clock},
      log_{log},
      pools_{pools},
      keyring_{options_.token_key_file, clock, log},
      gate_{requests::own_trust(keyring_), clock},
      trust_{options_.trust, keyring_, gate_, pools.readers, requests::fetch_keys, clock, log},
      authenticator_{gate_, [this] { trust_.want_key(); }, log},
      guest_limiter_{"guests", options_.guests.rate, clock},
      web_{options_.web} {
  for (const App* app : apps) {
    app->register_commands(commands_);
    app->register_queries(queries_);
  }
  for (const jobs::OutsideKind& kind : outside_kinds) {
    commands_.add(requests::outside_command(kind));
  }
}

void ApiRole::listen(const Surroundings& around, std::vector<requests::Dependency> dependencies) {
  http::Router router;
  requests::mount_health_routes(router, std::move(dependencies));
  requests::mount_guest_routes(
      router, authenticator_, keyring_, guest_limiter_, clock_, options_.guests);
  requests::mount_broker_routes(router, authenticator_, options_.broker);
  requests::mount_area_routes(router, authenticator_);
  requests::mount_event_routes(router, authenticator_, pools_.readers, around.event_waiters);
  requests::mount_job_routes(
      router, authenticator_, pools_.callers, around.waiters, around.statuses);
  const requests::Acceptance acceptance{commands_, around.inserter, around.waiters, clock_};
  requests::mount_bulk_routes(router, authenticator_, acceptance);
  requests::mount_command_routes(router, authenticator_, acceptance);
  requests::mount_work_routes(router, authenticator_, around.outside_runs, around.work_waiters);
  requests::mount_query_routes(router, queries_, authenticator_, pools_.readers);
  router.set_fallback([this](const http::Request& request) { return web_.serve(request); });
  server_.emplace(options_.http, std::move(router), log_);
}

}  // namespace engine
