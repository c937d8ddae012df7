#include "http/handler_threads.hpp"

#include <utility>

namespace http {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

HandlerThreads::HandlerThreads(const Dispatcher& dispatcher, const HandlerLimits& limits)
    : dispatcher_{dispatcher}, limits_{limits} {
  for (std::size_t count = 0; count < limits.threads; ++count) {
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }
}

bool HandlerThreads::add(Work& work) {
  {
    const std::scoped_lock lock{mutex_};
    if (queue_.size() >= limits_.queue_max) return false;
    queue_.push_back(std::move(work));
  }
  has_work_.notify_one();
  return true;
}

void HandlerThreads::refuse_overdue(Time now) {
  std::vector<Work> overdue;
  {
    const std::scoped_lock lock{mutex_};
    while (!queue_.empty() && now - queue_.front().since >= limits_.queue_time) {
      overdue.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
  for (const Work& work : overdue) work.reply(busy(dispatcher_, work.admission.request));
}

Response HandlerThreads::busy(const Dispatcher& dispatcher, const Request& request) {
  return dispatcher.refuse(
      wire::problem::unavailable("Too many requests are being handled. Try again.", kRetryAfter),
      request.headers);
}

void HandlerThreads::run(const std::stop_token& stop) {
  while (true) {
    Work work;
    {
      std::unique_lock lock{mutex_};
      // A stop ends the thread only when nothing is left to answer.
      if (!has_work_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    const bool is_overdue = std::chrono::steady_clock::now() - work.since >= limits_.queue_time;
    if (is_overdue) {
      work.reply(busy(dispatcher_, work.admission.request));
    } else {
      dispatcher_.handle(work.admission, std::move(work.reply));
    }
  }
}

}  // namespace http
