#pragma once

#include "engine/jobs/handler.hpp"
#include "engine/jobs/long_handler.hpp"
#include "engine/jobs/retry_policy.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace engine::jobs {

/// What bounds a long kind.
struct LongLimits {
  int running_max{4};                                           // At once, on all hosts together.
  std::chrono::milliseconds time_limit{std::chrono::hours{1}};  // Of one attempt.
  RetryPolicy retry{};
};

/// Which handler carries out which kind of job. Filled before the first claim, read-only after.
class HandlerRegistry {
 public:
  /// `kind` is "<app>.<verb>"; each kind has one handler. `retry` is for its attempts that fail.
  void add(std::string kind, std::unique_ptr<const BatchHandler> handler, RetryPolicy retry = {});
  /// For work that takes longer than a transaction should.
  void add_long(std::string kind,
                std::unique_ptr<const LongHandler> handler,
                LongLimits limits = {});

  /// Null when nobody handles that kind in batches.
  [[nodiscard]] const BatchHandler* find(const std::string& kind) const;
  /// That of a kind that has such a handler.
  [[nodiscard]] const RetryPolicy& retry_policy(const std::string& kind) const;
  /// Those that are handled in batches.
  [[nodiscard]] std::vector<std::string> kinds() const;

  /// Null when that is no long kind.
  [[nodiscard]] const LongHandler* find_long(const std::string& kind) const;
  /// That of a long kind.
  [[nodiscard]] const LongLimits& long_limits(const std::string& kind) const;
  [[nodiscard]] std::vector<std::string> long_kinds() const;

 private:
  struct Entry {
    std::unique_ptr<const BatchHandler> handler;
    RetryPolicy retry;
  };
  struct LongEntry {
    std::unique_ptr<const LongHandler> handler;
    LongLimits limits;
  };
  void check_is_new(const std::string& kind) const;

  std::map<std::string, Entry> entries_;
  std::map<std::string, LongEntry> long_entries_;
};

}  // namespace engine::jobs
