#include "engine/jobs/handler_registry.hpp"

#include "base/check.hpp"

#include <utility>

namespace engine::jobs {

void HandlerRegistry::add(std::string kind,
                          std::unique_ptr<const BatchHandler> handler,
                          RetryPolicy retry) {
  base::check(handler != nullptr, "a kind is registered without a handler");
  check_is_new(kind);
  entries_.emplace(std::move(kind), Entry{std::move(handler), retry});
}

void HandlerRegistry::add_long(std::string kind,
                               std::unique_ptr<const LongHandler> handler,
                               LongLimits limits) {
  base::check(handler != nullptr, "a kind is registered without a handler");
  base::check(limits.running_max > 0 && limits.time_limit > std::chrono::milliseconds{0},
              "a long kind is registered of which nothing may run");
  check_is_new(kind);
  long_entries_.emplace(std::move(kind), LongEntry{std::move(handler), limits});
}

void HandlerRegistry::check_is_new(const std::string& kind) const {
  base::check(!entries_.contains(kind) && !long_entries_.contains(kind),
              "a kind is registered twice");
}

const BatchHandler* HandlerRegistry::find(const std::string& kind) const {
  const auto found = entries_.find(kind);
  return found == entries_.end() ? nullptr : found->second.handler.get();
}

const RetryPolicy& HandlerRegistry::retry_policy(const std::string& kind) const {
  return entries_.at(kind).retry;
}

std::vector<std::string> HandlerRegistry::kinds() const {
  std::vector<std::string> kinds;
  for (const auto& [kind, entry] : entries_) kinds.push_back(kind);
  return kinds;
}

const LongHandler* HandlerRegistry::find_long(const std::string& kind) const {
  const auto found = long_entries_.find(kind);
  return found == long_entries_.end() ? nullptr : found->second.handler.get();
}

const LongLimits& HandlerRegistry::long_limits(const std::string& kind) const {
  return long_entries_.at(kind).limits;
}

std::vector<std::string> HandlerRegistry::long_kinds() const {
  std::vector<std::string> kinds;
  for (const auto& [kind, entry] : long_entries_) kinds.push_back(kind);
  return kinds;
}

}  // namespace engine::jobs
