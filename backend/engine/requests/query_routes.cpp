#include "engine/requests/query_routes.hpp"

namespace engine::requests {
namespace {

http::Response reply(const Query& query,
                     const http::Request& request,
                     const wire::Caller& caller,
                     pg::Pool& pool) {
  const auto connection = pool.acquire();
  pg::Transaction tx{*connection, pg::Isolation::kRepeatableRead, pg::Access::kReadOnly};
  const auto result = query.reply({.http = request, .caller = caller, .tx = tx});
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
    const auto show = [&query, &pool](const http::Request& request,
                                      const wire::VerifiedToken& token) {
      return reply(query, request, token.caller, pool);
    };
    router.add("GET", query.pattern, for_callers(authenticator, show));
  }
}

}  // namespace engine::requests
