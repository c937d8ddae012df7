#include "engine/bridge/publisher_line.hpp"

#include "wire/head.hpp"
#include "wire/topic.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace engine::bridge {
namespace {

using namespace std::chrono_literals;
using Kind = Report::Kind;

// Lanes number their sendings from 1.
constexpr Lane::Ticket kStatusTicket = 0;
// Heads have the upper half of the numbers.
constexpr Lane::Ticket kFirstHeadTicket = Lane::Ticket{1} << 63U;
// Of a window of 96 events: a broker that reads one packet per connection and pass reads a head in
// place of every twelfth event at most.
constexpr std::size_t kHeadsUnderWayMax = 8;
// A head that the broker refuses is a fault of its rules.
constexpr auto kHeadRefusedPause = 5s;

RetainedMessage status(std::string_view text) {
  return {.topic = wire::status_topic(), .payload = std::string{text}};
}

}  // namespace

PublisherLine::PublisherLine(PublisherThread& thread,
                             const BridgeOptions& options,
                             std::size_t place,
                             Reports& reports,
                             const base::Clock& clock,
                             const base::Log& log)
    : options_{options},
      clock_{clock},
      log_{log},
      place_{place},
      lane_{options.lane_capacity, options.window},
      heads_{options.heads, options.heads.areas_max / options.connections},
      // The same id whoever leads: a new leader's connecting cuts the old one off.
      connection_{thread,
                  options.broker,
                  "relay-" + std::to_string(place),
                  place,
                  place == kStatusPlace ? status("offline") : RetainedMessage{},
                  reports},
      pause_{options.retry_first, options.retry_most},
      next_head_ticket_{kFirstHeadTicket},
      last_repeated_{kFirstHeadTicket} {}

PublisherLine::Change PublisherLine::settle(const Report& report) {
  const bool is_about_connection = report.kind == Kind::kConnected || report.kind == Kind::kLost;
  if (is_about_connection) {
    if (report.subject != connection_.attempt()) return Change::kNone;
    return report.kind == Kind::kConnected ? welcome() : lose();
  }
  if (report.subject == kStatusTicket) {
    settle_status(report);
  } else if (report.subject >= kFirstHeadTicket) {
    settle_head(report);
  } else if (report.kind == Kind::kAccepted) {
    accept(report);
  } else {
    refuse(report);
  }
  return Change::kNone;
}

bool PublisherLine::is_overdue() const {
  return has_outstanding() && clock_.monotonic() >= replied_at_ + options_.reply_most;
}

PublisherLine::Change PublisherLine::welcome() {
  if (state_ != State::kConnecting) return Change::kNone;
  state_ = State::kUp;
  changed_at_ = due_at_ = replied_at_ = clock_.monotonic();
  heads_.repeat_all(changed_at_);
  return Change::kConnected;
}

PublisherLine::Change PublisherLine::lose() {
  if (state_ == State::kDown) return Change::kNone;
  const auto now = clock_.monotonic();
  const bool has_lasted = state_ == State::kUp && now >= changed_at_ + options_.retry_most;
  if (has_lasted) pause_.reset();
  state_ = State::kDown;
  changed_at_ = now;
  due_at_ = now + pause_.next();
  connection_.close();  // What it still holds is sent again by the next one.
  lane_.rewind();
  statuses_outstanding_ = 0;
  for (const auto& [ticket, area] : heads_under_way_) heads_.say_again(area, now);
  heads_under_way_.clear();
  return Change::kLost;
}

void PublisherLine::accept(const Report& report) {
  if (!lane_.acknowledge(report.subject)) return;
  ++accepted_;
  replied_at_ = clock_.monotonic();
  for (const auto& [offset, cell] : lane_.take_accepted()) heads_.note(cell, offset, replied_at_);
  pause_.reset();
  if (is_refused_) {
    is_refused_ = false;
    log_.info("the broker takes events again that it had refused");
  }
}

void PublisherLine::refuse(const Report& report) {
  if (!lane_.is_in_flight(report.subject)) return;
  ++refused_;
  replied_at_ = clock_.monotonic();
  due_at_ = replied_at_ + pause_.next();
  if (!is_refused_) {
    is_refused_ = true;
    log_.error("the broker refused an event; it will be sent again until it is accepted",
               {{"reason_code", report.code}, {"offset", lane_.oldest().value_or(0)}});
  }
  lane_.rewind();
}

void PublisherLine::settle_status(const Report& report) {
  if (statuses_outstanding_ == 0) return;
  --statuses_outstanding_;
  replied_at_ = clock_.monotonic();
  if (report.kind == Kind::kRefused) {
    log_.warning("the broker refused the bridge's status", {{"reason_code", report.code}});
  }
}

void PublisherLine::settle_head(const Report& report) {
  const auto sent = heads_under_way_.find(report.subject);
  if (sent == heads_under_way_.end()) return;  // Of a connection that was given up.
  replied_at_ = clock_.monotonic();
  if (report.kind == Kind::kRefused) {
    heads_.say_again(sent->second, replied_at_ + kHeadRefusedPause);
    if (!is_head_refused_) {
      log_.error("the broker refused the head of an area; it will be said again",
                 {{"reason_code", report.code}, {"area", sent->second.text()}});
    }
  }
  is_head_refused_ = report.kind == Kind::kRefused;
  heads_under_way_.erase(sent);
}

void PublisherLine::say_heads_from(std::int64_t offset, std::string epoch) {
  heads_from_ = offset;
  epoch_ = std::move(epoch);
  heads_.repeat_all(clock_.monotonic());
}

bool PublisherLine::may_say_heads() const {
  if (!is_up() || !heads_from_ || heads_under_way_.size() >= kHeadsUnderWayMax) return false;
  const auto oldest = lane_.oldest();
  return !oldest || *oldest > *heads_from_;
}

bool PublisherLine::has_said_heads() const {
  const bool is_accepted =
      heads_under_way_.empty() || heads_under_way_.begin()->first > last_repeated_;
  return is_up() && heads_from_ && heads_.is_repeated() && is_accepted;
}

std::optional<Heads::Time> PublisherLine::next_head_at() const {
  const auto due = may_say_heads() ? heads_.next_due() : std::nullopt;
  return due ? std::optional{std::max(*due, due_at_)} : std::nullopt;
}

void PublisherLine::send_heads() {
  while (may_say_heads()) {
    const bool was_repeated = heads_.is_repeated();
    const auto saying = heads_.next_to_say(clock_.monotonic());
    if (!saying) return;
    const Lane::Ticket ticket = next_head_ticket_++;
    if (!was_repeated) last_repeated_ = ticket;
    heads_under_way_.emplace(ticket, saying->area);
    // If it fails a report says why, and it is said again.
    if (!connection_.publish(ticket,
                             RetainedMessage{.topic = wire::head_topic(saying->area),
                                             .payload = wire::head_text(saying->head, epoch_)})) {
      return;
    }
  }
}

void PublisherLine::send() {
  const auto now = clock_.monotonic();
  if (!is_up() || now < due_at_) return;
  if (!has_outstanding()) replied_at_ = now;
  while (const auto sending = lane_.next_to_send()) {
    if (!connection_.publish(*sending)) return;  // A report says why.
  }
  send_heads();
}

bool PublisherLine::wants_connection() const {
  return state_ == State::kDown && clock_.monotonic() >= due_at_;
}

void PublisherLine::connect() {
  state_ = State::kConnecting;
  changed_at_ = clock_.monotonic();
  connection_.open();
}

void PublisherLine::say_status(std::string_view text) {
  if (place_ != kStatusPlace || !is_up()) return;
  if (!has_outstanding()) replied_at_ = clock_.monotonic();
  if (connection_.publish(kStatusTicket, status(text))) ++statuses_outstanding_;
}

bool PublisherLine::has_outstanding() const {
  return is_up() &&
         (statuses_outstanding_ > 0 || !heads_under_way_.empty() || lane_.has_in_flight());
}

}  // namespace engine::bridge
