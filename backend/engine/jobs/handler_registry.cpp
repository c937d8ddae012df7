#include "engine/jobs/handler_registry.hpp"

#include "base/check.hpp"

#include <utility>

namespace engine::jobs {

void HandlerRegistry::add(std::string kind,
                          std::unique_ptr<const BatchHandler> handler,
                          RetryPolicy retry) {
  base::check(handler != nullptr, "a kind is registered without a handler");
  const bool is_new = entries_.emplace(std::move(kind), Entry{std::move(handler), retry}).second;
  base::check(is_new, "a kind is registered twice");
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

}  // namespace engine::jobs
