#pragma once

#include "base/json.hpp"
#include "wire/caller.hpp"
#include "wire/job_id.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace engine::jobs {

/// What a caller asks for, checked and complete, before it has an id.
struct JobSpec {
  std::string kind;    // "<app>.<verb>"
  std::string caller;  // wire::Caller::text()
  std::string args;    // JSON text
  std::int16_t max_attempts{5};
  std::int16_t priority{0};  // Smaller is more urgent.
  std::optional<std::string> traceparent;
  std::optional<std::string> request_id{};  // None: nobody requested it.
  // Of the caller: of all specs with the same one only the first is stored. Kept as a hash.
  std::optional<std::string> idempotency_key{};
  // Not before; none, or a time that is past: at once.
  std::optional<std::chrono::system_clock::time_point> run_at{};
};

/// A job at one attempt, as its handler sees it. Immutable but for the attempt.
struct Job {
  wire::JobId id;
  std::string kind;
  std::string caller;
  base::Json args;
  int attempt{1};
  int max_attempts{0};
  std::chrono::system_clock::time_point accepted_at{};
  // Larger than that of every job whose acceptance was reported before this one's began, in any
  // process: for apps whose later request must win. 0: accepted by a program that drew none.
  std::int64_t accept_order{0};
  int redrives{0};  // How often an operator has sent it round again.
  int snoozes{0};   // How often a handler has put it off.
  // Of the request that it was accepted from; its events carry both.
  std::optional<std::string> traceparent{};
  std::optional<std::string> request_id{};
};

/// The app that a kind belongs to: "echo.say" is of "echo".
[[nodiscard]] inline std::string app_of(const std::string& kind) {
  return kind.substr(0, kind.find('.'));
}

}  // namespace engine::jobs
