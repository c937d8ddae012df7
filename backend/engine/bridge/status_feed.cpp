#include "engine/bridge/status_feed.hpp"

#include "base/random.hpp"
#include "engine/bridge/status_message.hpp"

#include <utility>

namespace engine::bridge {
namespace {

using namespace std::chrono_literals;
using Kind = Report::Kind;

constexpr auto kLookEvery = 50ms;

}  // namespace

StatusFeed::StatusFeed(StatusFeedOptions options, const base::Clock& clock, const base::Log& log)
    : options_{std::move(options)},
      clock_{clock},
      log_{log},
      waiting_{Waiting{.queue = {options_.queue_jobs_max, options_.queue_bytes_max}}},
      reports_{2 * options_.window + 16, wake_},
      // Every process has a feed of its own, so none may cut another off.
      connection_{connection_thread_,
                  options_.broker,
                  "status-" + base::random_text(12),
                  /*place=*/0,
                  {},
                  reports_},
      pause_{options_.retry_first, options_.retry_most},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void StatusFeed::publish(std::vector<jobs::JobStatus> statuses) noexcept {
  if (statuses.empty()) return;
  waiting_.with([&](Waiting& waiting) {
    const std::size_t dropped = waiting.queue.add(std::move(statuses));
    waiting.dropped += dropped;
    if (dropped > 0 && !std::exchange(waiting.is_dropping, true)) {
      log_.warning("job statuses are dropped: the broker is away or too slow; jobs are not");
    }
  });
  wake_.notify();
}

std::uint64_t StatusFeed::dropped() const {
  return waiting_.with([](const Waiting& waiting) { return waiting.dropped; });
}

void StatusFeed::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    settle_all();
    if (is_overdue()) lose();
    connect_if_due();
    send();
    wake_.wait_for(stop, kLookEvery);
  }
  connection_.close();
}

void StatusFeed::settle_all() {
  const Reports::Batch batch = reports_.take();
  for (const Report& report : batch.reports) settle(report);
  if (batch.is_incomplete) lose();
}

void StatusFeed::settle(const Report& report) {
  const bool is_about_connection = report.kind == Kind::kConnected || report.kind == Kind::kLost;
  if (is_about_connection && report.subject != connection_.attempt()) return;
  if (report.kind == Kind::kLost) return lose();
  replied_at_ = clock_.monotonic();
  if (report.kind == Kind::kConnected) {
    state_ = State::kUp;
    return;
  }
  if (outstanding_ > 0) --outstanding_;
  if (report.kind == Kind::kAccepted) {
    pause_.reset();
  } else {
    log_.debug("the broker refused a job's status", {{"reason_code", report.code}});
  }
}

// What was under way is not sent again: a status is a hint.
void StatusFeed::lose() {
  if (state_ == State::kDown) return;
  state_ = State::kDown;
  outstanding_ = 0;
  due_at_ = clock_.monotonic() + pause_.next();
  connection_.close();
}

void StatusFeed::connect_if_due() {
  if (state_ != State::kDown || clock_.monotonic() < due_at_) return;
  state_ = State::kConnecting;
  replied_at_ = clock_.monotonic();
  connection_.open();
}

void StatusFeed::send() {
  if (state_ != State::kUp) return;
  const auto now = clock_.monotonic();
  if (outstanding_ == 0) replied_at_ = now;
  while (outstanding_ < options_.window) {
    const auto status = waiting_.with([](Waiting& waiting) {
      auto first = waiting.queue.take();
      if (!first) waiting.is_dropping = false;
      return first;
    });
    if (!status) return;
    const StatusMessage message = status_message(*status);
    if (!connection_.publish(++ticket_, message.topic, message.payload)) return;
    ++outstanding_;
  }
}

bool StatusFeed::is_overdue() const {
  const auto silent_for = clock_.monotonic() - replied_at_;
  return state_ == State::kUp && outstanding_ > 0 && silent_for >= options_.reply_most;
}

}  // namespace engine::bridge
