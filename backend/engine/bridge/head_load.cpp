#include "engine/bridge/head_load.hpp"

#include "engine/bridge/head_store.hpp"

namespace engine::bridge {
namespace {

constexpr int kTopicsAtOnce = 200;
constexpr int kDroppedAtOnce = 2'000;

}  // namespace

void HeadLoad::step(pg::Connection& connection, PublisherLanes& lanes) {
  if (is_complete()) return;
  HeadStore store{connection};
  const bool is_log = stage_ == Stage::kLog;
  const auto topics = is_log ? store.topics_after(after_, position_, kTopicsAtOnce)
                             : store.dropped_after(after_, kDroppedAtOnce);
  for (const auto& [cell, offset] : topics) {
    if (offset) lanes.remember(cell, *offset);
  }
  if (!topics.empty()) {
    after_ = topics.back().cell.text();
    return;
  }
  after_.clear();
  stage_ = is_log ? Stage::kDropped : Stage::kComplete;
  // After the tables, because topics are forgotten from there.
  if (is_complete()) lanes.forget_up_to(store.forgotten());
}

}  // namespace engine::bridge
