#include "engine/requests/query_routes.hpp"

namespace engine::requests {
namespace {

http::Response reply(const Query& query,
                     const http::Request& request,
                     const Authenticator& authenticator,
                     pg::Pool& pool) {
  const auto token = authenticator.authenticate(request);
  if (!token) return http::problem_response(token.error());

  const auto connection = pool.acquire();
  pg::Transaction tx{*connection, pg::Isolation::kRepeatableRead, pg::Access::kReadOnly};
  const auto result = query.reply({.http = request, .caller = token->caller, .tx = tx});
  if (!result) return http::problem_response(result.error());
  tx.commit();
  return http::json_response(200, *result);
}

}  // namespace

void mount_query_routes(http::Router& router,
                        const QueryRegistry& queries,
                        const Authenticator& authenticator,
                        pg::Pool& pool) {
  for (const Query& query : queries.all()) {
    router.add("GET", query.pattern, [&query, &authenticator, &pool](const http::Request& request) {
      return reply(query, request, authenticator, pool);
    });
  }
}

}  // namespace engine::requests
