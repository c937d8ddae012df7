#include "engine/bridge/publisher_lanes.hpp"

#include "wire/topic.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>

namespace engine::bridge {
namespace {

using Change = PublisherLine::Change;

constexpr int kAreaLetters = 5;

// Until the relay looks into its inbox, each publish leaves one report there; a connection that
// breaks leaves one more for each, and one before and after. Heads do the same, eight at a time.
std::size_t reports_max(const BridgeOptions& options) {
  return options.connections * (4 * options.window + 48);
}

}  // namespace

PublisherLanes::PublisherLanes(const BridgeOptions& options,
                               base::WakeSignal& wake,
                               const base::Clock& clock,
                               const base::Log& log)
    : options_{options}, log_{log}, reports_{reports_max(options), wake} {
  for (std::size_t place = 0; place < options.connections; ++place) {
    lines_.emplace_back(thread_, options, place, reports_, clock, log);
  }
}

void PublisherLanes::settle() {
  const Reports::Batch batch = reports_.take();
  for (const Report& report : batch.reports) {
    const Change change = lines_[report.connection].settle(report);
    const bool is_of_status = report.connection == PublisherLine::kStatusPlace;
    if (change == Change::kConnected && is_of_status) is_online_said_ = false;
    if (change == Change::kLost)
      say_loss("the broker is away; events wait in the log", report.code);
    if (change == Change::kConnected && connected() == lines_.size()) {
      log_.info("the bridge is connected to the broker", {{"connections", lines_.size()}});
      is_loss_said_ = false;
    }
  }
  for (PublisherLine& line : lines_) {
    // A reply that was dropped would be waited for for ever.
    const bool is_hopeless = batch.is_incomplete || line.is_overdue();
    if (is_hopeless && line.lose() == Change::kLost) {
      say_loss("the broker does not reply; events wait in the log", /*code=*/0);
    }
  }
}

void PublisherLanes::say_loss(std::string_view sentence, int code) {
  if (is_loss_said_) return;
  is_loss_said_ = true;
  log_.warning(sentence, {{"reason_code", code}});
}

std::size_t PublisherLanes::room() const {
  std::size_t bytes = 0;
  std::size_t room = options_.lane_capacity;
  for (const PublisherLine& line : lines_) {
    bytes += line.lane().bytes();
    room = std::min(room, line.lane().room());
  }
  // Below a quarter, reading would become many small statements.
  const bool is_full = room < options_.lane_capacity / 4 || bytes >= options_.held_bytes_max;
  return is_full ? 0 : room;
}

void PublisherLanes::add(const std::vector<wire::Event>& events, std::string_view epoch) {
  for (const wire::Event& event : events) {
    line_of(event.cell)
        .add({.offset = event.offset,
              .topic = wire::geo_topic(event.cell),
              .payload = wire::envelope(event, epoch),
              .cell = event.cell});
  }
}

PublisherLine& PublisherLanes::line_of(const geo::Cell& cell) {
  return lines_[std::hash<std::string>{}(cell.parent(kAreaLetters).text()) % lines_.size()];
}

void PublisherLanes::remember(const geo::Cell& cell, std::int64_t offset) {
  line_of(cell).remember(cell, offset);
}

void PublisherLanes::forget_up_to(std::int64_t offset) {
  for (PublisherLine& line : lines_) line.forget_up_to(offset);
}

void PublisherLanes::say_heads_from(std::int64_t offset, const std::string& epoch) {
  for (PublisherLine& line : lines_) line.say_heads_from(offset, epoch);
}

std::optional<Heads::Time> PublisherLanes::next_head_at() const {
  std::optional<Heads::Time> next;
  for (const PublisherLine& line : lines_) {
    const auto at = line.next_head_at();
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

void PublisherLanes::send() {
  for (PublisherLine& line : lines_) line.send();
  say_online();
}

void PublisherLanes::say_online() {
  if (is_online_said_) return;
  const bool has_said_heads = std::ranges::all_of(lines_, &PublisherLine::has_said_heads);
  if (!has_said_heads) return;
  for (PublisherLine& line : lines_) line.say_status("online");
  is_online_said_ = true;
}

bool PublisherLanes::wants_connection() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const PublisherLine& line) {
    return line.wants_connection();
  });
}

void PublisherLanes::connect() {
  for (PublisherLine& line : lines_) {
    if (line.wants_connection()) line.connect();
  }
}

void PublisherLanes::say_goodbye() {
  for (PublisherLine& line : lines_) line.say_status("offline");
}

bool PublisherLanes::has_outstanding() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const PublisherLine& line) {
    return line.has_outstanding();
  });
}

std::int64_t PublisherLanes::position(std::int64_t added) const {
  std::int64_t position = added;
  for (const PublisherLine& line : lines_) {
    if (const auto oldest = line.lane().oldest()) position = std::min(position, *oldest - 1);
  }
  return position;
}

std::size_t PublisherLanes::connected() const {
  return static_cast<std::size_t>(std::count_if(
      lines_.begin(), lines_.end(), [](const PublisherLine& line) { return line.is_up(); }));
}

std::uint64_t PublisherLanes::accepted() const {
  return std::transform_reduce(
      lines_.begin(), lines_.end(), std::uint64_t{0}, std::plus<>{}, [](const PublisherLine& line) {
        return line.accepted();
      });
}

std::uint64_t PublisherLanes::refused() const {
  return std::transform_reduce(
      lines_.begin(), lines_.end(), std::uint64_t{0}, std::plus<>{}, [](const PublisherLine& line) {
        return line.refused();
      });
}

}  // namespace engine::bridge
