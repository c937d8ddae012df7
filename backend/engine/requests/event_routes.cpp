#include "engine/requests/event_routes.hpp"

#include "engine/requests/preferences.hpp"
#include "pg/transaction.hpp"

namespace engine::requests {
namespace {

http::Response show_events(const http::Request& request, pg::Pool& pool, EventWaiters& waiters) {
  auto query = read_event_query(request.query);
  if (!query) return http::problem_response(query.error());
  auto page = [&] {
    const auto connection = pool.acquire();
    pg::Transaction tx{*connection, pg::Isolation::kReadCommitted, pg::Access::kReadOnly};
    auto read = read_page(tx, *query);
    if (read) tx.commit();
    return read;
  }();
  if (!page) return http::problem_response(page.error());

  http::Response now = page_response(*page);
  const auto wait = preferred_wait(request);
  if (!wait || !query->after || !page->events.empty() || page->more) return now;

  now.later = [&waiters,
               cells = std::move(query->cells),
               limit = query->limit,
               page = std::move(*page),
               stopping = request.stopping,
               wait = *wait](const http::Reply& give) {
    EventWaiters::Wait one{.cells = cells,
                           .limit = static_cast<std::size_t>(limit),
                           .page = page,
                           .until = std::chrono::steady_clock::now() + wait,
                           .stopping = stopping,
                           .reply = give};
    if (!waiters.add(one)) give(page_response(page));
  };
  return now;
}

}  // namespace

void mount_event_routes(http::Router& router,
                        const Authenticator& authenticator,
                        pg::Pool& pool,
                        EventWaiters& waiters) {
  const auto show = [&pool, &waiters](const http::Request& request, const wire::VerifiedToken&) {
    return show_events(request, pool, waiters);
  };
  router.add("GET", "/v1/events", for_callers(authenticator, show));
}

}  // namespace engine::requests
