#include "http/handler_threads.hpp"

#include <utility>

namespace http {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

HandlerThreads::HandlerThreads(const Dispatcher& dispatcher, const HandlerLimits& limits)
    : dispatcher_{dispatcher}, limits_{limits} {
  for (std::size_t count = 0; count < limits.threads; ++count) {
    threads_.emplace_back([this] { run(); });
  }
}

HandlerThreads::~HandlerThreads() {
  {
    const std::scoped_lock lock{mutex_};
    is_stopping_ = true;
  }
  has_work_.notify_all();
}

bool HandlerThreads::add(Work& work) {
  bool wakes = false;
  {
    const std::scoped_lock lock{mutex_};
    if (queue_.size() >= limits_.queue_max) return false;
    queue_.push_back(std::move(work));
    wakes = begin_waking();
  }
  if (wakes) has_work_.notify_one();
  return true;
}

bool HandlerThreads::begin_waking() {
  if (queue_.empty() || idle_ == 0 || is_waking_) return false;
  is_waking_ = true;
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
    is_waking_ = false;  // The woken thread may find nothing.
  }
  for (const Work& work : overdue) work.reply(busy(dispatcher_, work.admission.request));
}

Response HandlerThreads::busy(const Dispatcher& dispatcher, const Request& request) {
  return dispatcher.refuse(
      wire::problem::unavailable("Too many requests are being handled. Try again.", kRetryAfter),
      request.headers);
}

void HandlerThreads::run() {
  while (auto work = next()) {
    const bool is_overdue = std::chrono::steady_clock::now() - work->since >= limits_.queue_time;
    if (is_overdue) {
      work->reply(busy(dispatcher_, work->admission.request));
    } else {
      dispatcher_.handle(work->admission, std::move(work->reply));
    }
  }
}

std::optional<HandlerThreads::Work> HandlerThreads::next() {
  std::optional<Work> work;
  bool wakes = false;
  {
    std::unique_lock lock{mutex_};
    ++idle_;
    has_work_.wait(lock, [this] { return !queue_.empty() || is_stopping_; });
    --idle_;
    if (queue_.empty()) return std::nullopt;
    work = std::move(queue_.front());
    queue_.pop_front();
    is_waking_ = false;
    wakes = begin_waking();
  }
  if (wakes) has_work_.notify_one();
  return work;
}

}  // namespace http
