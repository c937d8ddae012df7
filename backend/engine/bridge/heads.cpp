#include "engine/bridge/heads.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace engine::bridge {
namespace {

constexpr int kAreaLetters = 5;
constexpr std::string_view kLetters = "0123456789bcdefghjkmnpqrstuvwxyz";
// Forgetting looks at all areas, so it makes room for many.
constexpr std::size_t kForgottenPart = 8;

void raise(wire::Head& head, char letter, std::int64_t offset) {
  head.offset = std::max(head.offset, offset);
  const auto at =
      std::ranges::lower_bound(head.cells, letter, {}, &std::pair<char, std::int64_t>::first);
  if (at == head.cells.end() || at->first != letter) {
    head.cells.insert(at, {letter, offset});
  } else {
    at->second = std::max(at->second, offset);
  }
}

}  // namespace

void Heads::remember(const geo::Cell& cell, std::int64_t offset) {
  enter(cell, offset);
}

void Heads::forget_up_to(std::int64_t offset) {
  forgotten_ = std::max(forgotten_, offset);
}

void Heads::note(const geo::Cell& cell, std::int64_t offset, Time now) {
  const Entry entry = enter(cell, offset);
  Area& area = entry->second;
  area.is_news = true;
  schedule(entry->first, area, area.said_at ? std::max(now, *area.said_at + options_.period) : now);
}

void Heads::repeat_all(Time now) {
  Time when = now;
  for (auto& [key, area] : areas_) {
    const bool is_too_soon = area.said_at && *area.said_at + options_.period > when;
    schedule(key, area, is_too_soon ? *area.said_at + options_.period : when);
    area.is_unrepeated = true;
    when += options_.repeat_gap;
  }
  unrepeated_ = areas_.size();
}

std::optional<Heads::Saying> Heads::next_to_say(Time now) {
  if (due_.empty() || due_.begin()->first > now) return std::nullopt;
  const geo::Cell key = due_.begin()->second;
  due_.erase(due_.begin());
  Area& area = areas_.at(key);
  area.due_at.reset();
  area.said_at = now;
  area.is_news = false;
  if (std::exchange(area.is_unrepeated, false)) --unrepeated_;
  return Saying{.area = key, .head = area.head};
}

void Heads::say_again(const geo::Cell& area, Time when) {
  const Entry entry = areas_.find(area);
  if (entry == areas_.end()) return;
  entry->second.is_news = true;
  schedule(entry->first, entry->second, when);
}

std::optional<Heads::Time> Heads::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

Heads::Entry Heads::enter(const geo::Cell& cell, std::int64_t offset) {
  const geo::Cell key = cell.parent(kAreaLetters);
  Entry entry = areas_.find(key);
  if (entry == areas_.end()) {
    if (areas_.size() >= areas_max_) make_room();
    entry = areas_.try_emplace(key).first;
    if (forgotten_ > 0) {
      for (const char letter : kLetters) raise(entry->second.head, letter, forgotten_);
    }
  }
  raise(entry->second.head, cell.text()[kAreaLetters], offset);
  return entry;
}

void Heads::schedule(const geo::Cell& key, Area& area, Time when) {
  if (area.due_at && *area.due_at <= when) return;
  if (area.due_at) due_.erase({*area.due_at, key});
  area.due_at = when;
  due_.emplace(when, key);
}

void Heads::make_room() {
  std::vector<std::int64_t> silent;
  for (const auto& [key, area] : areas_) {
    if (!area.is_news) silent.push_back(area.head.offset);
  }
  const std::size_t wanted = 1 + areas_max_ / kForgottenPart;
  // One that has news is not forgotten: the broker would go on saying what is not true any more.
  // It has been said within a second, so there are never many.
  if (silent.empty()) return;
  const std::size_t last = std::min(wanted, silent.size()) - 1;
  std::ranges::nth_element(silent, silent.begin() + static_cast<std::ptrdiff_t>(last));
  drop_up_to(silent[last]);
}

void Heads::drop_up_to(std::int64_t offset) {
  std::erase_if(areas_, [&](const auto& entry) {
    const auto& [key, area] = entry;
    if (area.is_news || area.head.offset > offset) return false;
    if (area.due_at) due_.erase({*area.due_at, key});
    if (area.is_unrepeated) --unrepeated_;
    return true;
  });
  forget_up_to(offset);
}

}  // namespace engine::bridge
