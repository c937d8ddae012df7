#include "engine/jobs/handler_registry.hpp"

#include "base/check.hpp"

#include <utility>

namespace engine::jobs {

void HandlerRegistry::add(std::string kind, std::unique_ptr<const BatchHandler> handler) {
  base::check(handler != nullptr, "a kind is registered without a handler");
  const bool is_new = handlers_.emplace(std::move(kind), std::move(handler)).second;
  base::check(is_new, "a kind is registered twice");
}

const BatchHandler* HandlerRegistry::find(const std::string& kind) const {
  const auto found = handlers_.find(kind);
  return found == handlers_.end() ? nullptr : found->second.get();
}

std::vector<std::string> HandlerRegistry::kinds() const {
  std::vector<std::string> kinds;
  for (const auto& [kind, handler] : handlers_) kinds.push_back(kind);
  return kinds;
}

}  // namespace engine::jobs
