#pragma once

#include "engine/jobs/handler.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace engine::jobs {

/// Which handler carries out which kind of job. Filled before the first claim, read-only after.
class HandlerRegistry {
 public:
  /// `kind` is "<app>.<verb>"; each kind has one handler.
  void add(std::string kind, std::unique_ptr<const BatchHandler> handler);

  /// Null when nobody handles that kind.
  [[nodiscard]] const BatchHandler* find(const std::string& kind) const;
  [[nodiscard]] std::vector<std::string> kinds() const;

 private:
  std::map<std::string, std::unique_ptr<const BatchHandler>> handlers_;
};

}  // namespace engine::jobs
