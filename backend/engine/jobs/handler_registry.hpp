#pragma once

#include "engine/jobs/handler.hpp"
#include "engine/jobs/retry_policy.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace engine::jobs {

/// Which handler carries out which kind of job. Filled before the first claim, read-only after.
class HandlerRegistry {
 public:
  /// `kind` is "<app>.<verb>"; each kind has one handler. `retry` is for its attempts that fail.
  void add(std::string kind, std::unique_ptr<const BatchHandler> handler, RetryPolicy retry = {});

  /// Null when nobody handles that kind.
  [[nodiscard]] const BatchHandler* find(const std::string& kind) const;
  /// That of a kind that has a handler.
  [[nodiscard]] const RetryPolicy& retry_policy(const std::string& kind) const;
  [[nodiscard]] std::vector<std::string> kinds() const;

 private:
  struct Entry {
    std::unique_ptr<const BatchHandler> handler;
    RetryPolicy retry;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace engine::jobs
