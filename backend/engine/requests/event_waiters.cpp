#include "engine/requests/event_waiters.hpp"

#include "base/error.hpp"
#include "pg/transaction.hpp"

#include <algorithm>
#include <utility>

namespace engine::requests {
namespace {

constexpr int kReadAtOnce = 200;

/// True when it has its reply.
bool take_news(EventWaiters::Wait& wait,
               const std::vector<wire::Event>& events,
               const outbox::Position& read_to,
               std::int64_t newest) {
  EventPage& page = wait.page;
  bool is_full = false;
  for (const wire::Event& event : events) {
    const bool is_meant = std::ranges::any_of(
        wait.cells, [&](const geo::Cell& cell) { return cell.contains(event.cell); });
    if (!is_meant || event.offset <= page.position.offset) continue;
    is_full = !add_to_page(page, event, wait.limit) || page.events.size() == wait.limit;
    if (is_full) break;
  }
  page.position.offset =
      is_full ? page.events.back().offset : std::max(page.position.offset, read_to.offset);
  page.more = page.position.offset < newest;
  return !page.events.empty();
}

}  // namespace

EventWaiters::EventWaiters(pg::Pool& readers,
                           base::WakeSignal& heard,
                           const base::Log& log,
                           WaiterOptions options)
    : readers_{readers},
      heard_{heard},
      log_{log},
      options_{options},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

bool EventWaiters::add(Wait& wait) {
  const bool has_room = waits_.with([&](std::vector<Wait>& waits) {
    if (waits.size() >= options_.waiters_max) return false;
    waits.push_back(std::move(wait));
    return true;
  });
  if (has_room) heard_.notify();  // Something may have come since its page was read.
  return has_room;
}

void EventWaiters::run(const std::stop_token& stop) {
  auto look_at = Clock::now();
  while (!stop.stop_requested()) {
    const bool is_woken = heard_.wait_for(stop, options_.stop_within);
    if (is_woken || Clock::now() >= look_at) {
      look_at = Clock::now() + options_.look_every;
      look_at_all(stop);
    }
    reply_to_due();
  }
}

void EventWaiters::look_at_all(const std::stop_token& stop) {
  try {
    bool is_more = true;
    while (is_more && !stop.stop_requested()) is_more = look();
  } catch (const base::Error& error) {
    log_.debug("requests that wait for events wait for the database, too",
               {{"reason", error.what()}});
  }
}

std::optional<std::int64_t> EventWaiters::least_offset() const {
  return waits_.with([](const std::vector<Wait>& waits) -> std::optional<std::int64_t> {
    if (waits.empty()) return std::nullopt;
    return std::ranges::min_element(
               waits, {}, [](const Wait& wait) { return wait.page.position.offset; })
        ->page.position.offset;
  });
}

EventWaiters::News EventWaiters::read(std::int64_t after) {
  const auto connection = readers_.acquire();
  News news;
  {
    pg::Transaction tx{*connection, pg::Isolation::kRepeatableRead, pg::Access::kReadOnly};
    news.bounds = outbox::read_bounds(tx);
    tx.commit();
  }
  news.read_to = news.bounds.newest;
  if (news.bounds.newest.offset <= after) return news;
  news.events = outbox::read_after(*connection, after, kReadAtOnce);
  news.are_all = news.events.size() < std::size_t{kReadAtOnce};
  if (news.events.empty()) return news;
  const std::int64_t last = news.events.back().offset;
  // What was committed between the two statements is read, too.
  news.read_to.offset = news.are_all ? std::max(last, news.read_to.offset) : last;
  return news;
}

/// True when there is more to be read.
bool EventWaiters::look() {
  const auto after = least_offset();
  if (!after) return false;
  const News news = read(*after);
  tell(news);
  return !news.are_all;
}

void EventWaiters::tell(const News& news) {
  std::vector<std::pair<http::Reply, http::Response>> replies;
  waits_.with([&](std::vector<Wait>& waits) {
    std::erase_if(waits, [&](Wait& wait) {
      const std::int64_t newest = std::max(news.bounds.newest.offset, news.read_to.offset);
      outbox::LogBounds bounds = news.bounds;
      // It may have been added after the bounds were read.
      bounds.newest.offset = std::max(newest, wait.page.position.offset);
      if (const auto problem = position_problem(wait.page.position, bounds)) {
        replies.emplace_back(std::move(wait.reply), http::problem_response(*problem));
        return true;
      }
      if (!take_news(wait, news.events, news.read_to, newest)) return false;
      replies.emplace_back(std::move(wait.reply), page_response(wait.page));
      return true;
    });
  });
  for (auto& [reply, response] : replies) reply(std::move(response));
}

void EventWaiters::reply_to_due() {
  const auto now = Clock::now();
  std::vector<Wait> due;
  waits_.with([&](std::vector<Wait>& waits) {
    std::erase_if(waits, [&](Wait& wait) {
      if (now < wait.until && !wait.stopping.stop_requested()) return false;
      due.push_back(std::move(wait));
      return true;
    });
  });
  for (const Wait& wait : due) wait.reply(page_response(wait.page));
}

}  // namespace engine::requests
