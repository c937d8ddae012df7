#include "engine/api_role.hpp"

#include "engine/requests/area_routes.hpp"
#include "engine/requests/command_routes.hpp"
#include "engine/requests/job_routes.hpp"
#include "engine/requests/query_routes.hpp"

#include <string>

namespace engine {

ApiRole::ApiRole(ApiOptions options,
                 pg::Pool& readers,
                 const wire::SigningKey& key,
                 std::span<const App* const> apps,
                 const base::Clock& clock,
                 const base::Log& log)
    : options_{std::move(options)},
      clock_{clock},
      log_{log},
      readers_{readers},
      minter_{key, std::string{wire::kOwnIssuer}, std::string{wire::kOwnAudience}},
      verifier_{{key.public_key()},
                std::string{wire::kOwnIssuer},
                std::string{wire::kOwnAudience},
                clock},
      authenticator_{verifier_, log},
      web_{options_.web} {
  for (const App* app : apps) {
    app->register_commands(commands_);
    app->register_queries(queries_);
  }
}

void ApiRole::listen(jobs::BatchInserter& inserter,
                     std::vector<requests::Dependency> dependencies) {
  http::Router router;
  requests::mount_health_routes(router, std::move(dependencies));
  requests::mount_guest_routes(router, authenticator_, minter_, clock_, options_.guests);
  requests::mount_broker_routes(router, authenticator_, options_.broker);
  requests::mount_area_routes(router, authenticator_);
  requests::mount_job_routes(router, authenticator_, readers_);
  requests::mount_command_routes(router, commands_, authenticator_, inserter);
  requests::mount_query_routes(router, queries_, authenticator_, readers_);
  router.set_fallback([this](const http::Request& request) { return web_.serve(request); });
  server_.emplace(options_.http, std::move(router), log_);
}

}  // namespace engine
