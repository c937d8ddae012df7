#include "engine/outbox/event_retention.hpp"

#include "base/fail_point.hpp"

#include <array>

namespace engine::outbox {
namespace {

// A slot is written for this part of the time that events are kept: about ten slots at any time.
constexpr int kSlotsKept = 8;
// 10,000 topics of a slot with a million events take some 0.1 s.
constexpr int kTopicsAtOnce = 10'000;
// Under the lock of the log, so fewer: some 10 ms.
constexpr int kForgottenAtOnce = 2'000;

constexpr pg::Statement kMake{"event_slot_make", R"(
  select engine.make_event_slot(engine.slot_of_next_event() + 1))"};

constexpr pg::Statement kTurn{"event_slot_turn", R"(
  select engine.turn_event_slot(now() - $1 * interval '1 second'))"};

constexpr pg::Statement kForget{"event_topics_forget", "select engine.forget_topics($1, $2)"};

constexpr pg::Statement kOldest{"event_slot_oldest", R"(
  select slot, newest from engine.oldest_ended_slot(now() - $1 * interval '1 second')
  where slot is not null)"};

constexpr pg::Statement kWaitsForRelay{"event_slot_waits_for_relay", R"(
  select coalesce((
    select e.at < now() - $1 * interval '1 second' from engine.event e
    where e.event_offset > (select r.relayed_offset from engine.relay r where r.name = 'relay')
    order by e.event_offset limit 1), false))"};

constexpr pg::Statement kKeepTopics{"event_slot_keep_topics",
                                    "select engine.keep_slot_topics($1, $2, $3)"};

constexpr pg::Statement kDrop{"event_slot_drop", "select engine.drop_event_slot($1, $2)"};

constexpr std::array kStatements{
    kMake, kTurn, kForget, kOldest, kWaitsForRelay, kKeepTopics, kDrop};

}  // namespace

std::span<const pg::Statement> event_retention_statements() {
  return kStatements;
}

bool EventRetention::step(pg::Connection& connection) {
  if (!ending_) return begin(connection);
  const auto kept_to = connection.run(kKeepTopics, ending_->slot, ending_->kept_to, kTopicsAtOnce)
                           .one()
                           .get<std::optional<std::string>>(0);
  if (kept_to) {
    ending_->kept_to = *kept_to;
    return true;
  }
  base::fail_point("events.kept");
  const bool is_dropped = connection.run(kDrop, ending_->slot, ending_->newest).one().get<bool>(0);
  ending_.reset();
  if (is_dropped) ++dropped_;
  return is_dropped;
}

// Turning comes before dropping: the slot that is written is never dropped, however old it is.
bool EventRetention::begin(pg::Connection& connection) {
  connection.run(kMake);
  connection.run(kTurn, options_.keep.count() / kSlotsKept);
  const auto forgotten =
      connection.run(kForget, options_.topics_max, kForgottenAtOnce).one().get<std::int32_t>(0);
  if (forgotten > 0) return true;
  const pg::Rows oldest = connection.run(kOldest, options_.keep.count());
  if (oldest.empty()) {
    waits_for_relay_ = connection.run(kWaitsForRelay, options_.keep.count()).one().get<bool>(0);
    return false;
  }
  waits_for_relay_ = false;
  ending_ = {.slot = oldest.one().get<std::int64_t>("slot"),
             .newest = oldest.one().get<std::optional<std::int64_t>>("newest"),
             .kept_to = {}};
  return true;
}

}  // namespace engine::outbox
