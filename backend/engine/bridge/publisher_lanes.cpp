#include "engine/bridge/publisher_lanes.hpp"

#include "wire/topic.hpp"

#include <algorithm>
#include <functional>
#include <string>

namespace engine::bridge {
namespace {

using namespace std::chrono_literals;
using Kind = Report::Kind;

constexpr int kAreaLetters = 5;
// The first connection also carries what is said once for the whole relay.
constexpr std::size_t kStatusPlace = 0;
// Lanes number their sendings from 1.
constexpr Lane::Ticket kStatusTicket = 0;
// A reply usually takes 1 to 5 ms. After this long the library may have missed its own signal.
constexpr auto kNudgeAfter = 30ms;
// The library reports a failed attempt after 3 s; this is for when it does not.
constexpr auto kConnectingMost = 10s;

// Until the relay looks into its inbox, each publish leaves one report there; a connection that
// breaks leaves one more for each, and one before and after.
std::size_t reports_max(const BridgeOptions& options) {
  return options.connections * (4 * options.window + 16);
}

RetainedMessage status(std::string_view text) {
  return {.topic = wire::status_topic(), .payload = std::string{text}};
}

}  // namespace

PublisherLanes::Line::Line(const BridgeOptions& options, std::size_t place, Reports& reports)
    : lane{options.lane_capacity, options.window},
      connection{options.broker,
                 place,
                 place == kStatusPlace ? status("offline") : RetainedMessage{},
                 reports},
      back_off{options.retry_first, options.retry_most} {}

PublisherLanes::PublisherLanes(const BridgeOptions& options,
                               base::WakeSignal& wake,
                               const base::Clock& clock,
                               const base::Log& log)
    : options_{options}, clock_{clock}, log_{log}, reports_{reports_max(options), wake} {
  for (std::size_t place = 0; place < options.connections; ++place) {
    lines_.emplace_back(options, place, reports_);
  }
}

void PublisherLanes::settle() {
  const Reports::Batch batch = reports_.take();
  for (const Report& report : batch.reports) settle(lines_[report.connection], report);
  for (Line& line : lines_) {
    const bool is_stuck =
        line.state == State::kConnecting && clock_.monotonic() >= line.changed_at + kConnectingMost;
    // A reply that was dropped would be waited for for ever.
    if (batch.is_incomplete || is_stuck) lose(line, /*code=*/0);
  }
}

void PublisherLanes::settle(Line& line, const Report& report) {
  const bool is_about_connection = report.kind == Kind::kConnected || report.kind == Kind::kLost;
  if (is_about_connection && report.subject != line.connection.attempt()) return;
  switch (report.kind) {
    case Kind::kConnected:
      return welcome(line);
    case Kind::kLost:
      return lose(line, report.code);
    case Kind::kAccepted:
      return accept(line, report);
    case Kind::kRefused:
      return refuse(line, report);
  }
}

void PublisherLanes::welcome(Line& line) {
  if (line.state != State::kConnecting) return;
  line.state = State::kUp;
  line.changed_at = clock_.monotonic();
  line.due_at = line.changed_at;
  if (&line == &lines_[kStatusPlace]) say("online");
  if (connected() == lines_.size()) {
    log_.info("the bridge is connected to the broker", {{"connections", lines_.size()}});
    is_away_said_ = false;
  }
}

void PublisherLanes::lose(Line& line, int code) {
  if (line.state == State::kDown) return;
  const auto now = clock_.monotonic();
  const bool has_lasted = line.state == State::kUp && now >= line.changed_at + options_.retry_most;
  if (has_lasted) line.back_off.reset();
  line.state = State::kDown;
  line.changed_at = now;
  line.due_at = now + retry_in(line);
  line.lane.rewind();
  if (&line == &lines_[kStatusPlace]) statuses_outstanding_ = 0;
  if (!is_away_said_) {
    log_.warning("the broker is away; events wait in the log", {{"reason_code", code}});
    is_away_said_ = true;
  }
}

void PublisherLanes::accept(Line& line, const Report& report) {
  if (report.subject == kStatusTicket) {
    if (statuses_outstanding_ > 0) --statuses_outstanding_;
    return;
  }
  if (!line.lane.acknowledge(report.subject)) return;
  ++accepted_;
  line.progress_at = clock_.monotonic();
  line.back_off.reset();
  if (line.is_refused) {
    line.is_refused = false;
    log_.info("the broker takes events again that it had refused");
  }
}

void PublisherLanes::refuse(Line& line, const Report& report) {
  if (report.subject == kStatusTicket) {
    if (statuses_outstanding_ > 0) --statuses_outstanding_;
    log_.warning("the broker refused the bridge's status", {{"reason_code", report.code}});
    return;
  }
  if (!line.lane.is_in_flight(report.subject)) return;
  ++refused_;
  line.due_at = clock_.monotonic() + retry_in(line);
  if (!line.is_refused) {
    line.is_refused = true;
    log_.error("the broker refused an event; it will be sent again until it is accepted",
               {{"reason_code", report.code}, {"offset", line.lane.oldest().value_or(0)}});
  }
  line.lane.rewind();
}

// Half of the pause is chance, so that all who lost the same broker do not come back in step.
std::chrono::milliseconds PublisherLanes::retry_in(Line& line) {
  const std::chrono::milliseconds whole = line.back_off.next();
  std::uniform_int_distribution jittered{whole.count() / 2, whole.count()};
  return std::chrono::milliseconds{jittered(random_)};
}

std::size_t PublisherLanes::room() const {
  std::size_t bytes = 0;
  std::size_t room = options_.lane_capacity;
  for (const Line& line : lines_) {
    bytes += line.lane.bytes();
    room = std::min(room, line.lane.room());
  }
  // Below a quarter, reading would become many small statements.
  const bool is_full = room < options_.lane_capacity / 4 || bytes >= options_.held_bytes_max;
  return is_full ? 0 : room;
}

void PublisherLanes::add(const std::vector<wire::Event>& events, std::string_view epoch) {
  const std::hash<std::string> hash;
  for (const wire::Event& event : events) {
    const std::size_t place = hash(event.cell.parent(kAreaLetters).text()) % lines_.size();
    lines_[place].lane.push({.offset = event.offset,
                             .topic = wire::geo_topic(event.cell),
                             .payload = wire::envelope(event, epoch)});
  }
}

void PublisherLanes::send() {
  for (Line& line : lines_) {
    if (line.state == State::kUp && clock_.monotonic() >= line.due_at) send(line);
  }
}

void PublisherLanes::send(Line& line) {
  const auto now = clock_.monotonic();
  if (!line.lane.has_in_flight()) {
    line.progress_at = now;
  } else if (now >= line.progress_at + kNudgeAfter) {
    line.connection.nudge();
    line.progress_at = now;
  }
  while (const auto sending = line.lane.next_to_send()) {
    if (!line.connection.publish(*sending)) return;  // A report says why.
  }
}

bool PublisherLanes::wants_connection() const {
  const auto now = clock_.monotonic();
  return std::any_of(lines_.begin(), lines_.end(), [&](const Line& line) {
    return line.state == State::kDown && now >= line.due_at;
  });
}

void PublisherLanes::connect() {
  const auto now = clock_.monotonic();
  for (Line& line : lines_) {
    if (line.state != State::kDown || now < line.due_at) continue;
    line.state = State::kConnecting;
    line.changed_at = now;
    line.connection.open();
  }
}

void PublisherLanes::say(std::string_view text) {
  Line& line = lines_[kStatusPlace];
  if (line.state != State::kUp) return;
  if (line.connection.publish(kStatusTicket, status(text))) ++statuses_outstanding_;
}

void PublisherLanes::say_goodbye() {
  say("offline");
}

bool PublisherLanes::has_outstanding() const {
  return statuses_outstanding_ > 0 ||
         std::any_of(lines_.begin(), lines_.end(), [](const Line& line) {
           return line.state == State::kUp && line.lane.has_in_flight();
         });
}

std::int64_t PublisherLanes::position(std::int64_t added) const {
  std::int64_t position = added;
  for (const Line& line : lines_) {
    if (const auto oldest = line.lane.oldest()) position = std::min(position, *oldest - 1);
  }
  return position;
}

std::size_t PublisherLanes::connected() const {
  return static_cast<std::size_t>(std::count_if(
      lines_.begin(), lines_.end(), [](const Line& line) { return line.state == State::kUp; }));
}

}  // namespace engine::bridge
