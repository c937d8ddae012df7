#pragma once

#include "base/guarded.hpp"

#include <chrono>
#include <set>
#include <stop_token>

namespace engine::jobs {

/// Lets the workers of a process work side by side, or one of them alone: for batches that are set
/// apart, of which it must be known whether they bring the process down.
///
/// Threads: any.
class WorkGate {
 public:
  explicit WorkGate(std::chrono::milliseconds look_every) : look_every_{look_every} {}

  /// Waits while somebody works alone or is about to. False: a stop was requested.
  [[nodiscard]] bool enter(const std::stop_token& stop, const void* worker);
  /// Waits until nobody works, and keeps others from beginning. False: a stop was requested.
  [[nodiscard]] bool enter_alone(const std::stop_token& stop, const void* worker);
  /// Of either; of a worker that is not in: nothing.
  void leave(const void* worker);

  /// True for one of all that ask, once in a while, and again at once after expect_more(): it is to
  /// look whether anything is set apart.
  [[nodiscard]] bool is_time_to_look();
  void expect_more();

 private:
  using Clock = std::chrono::steady_clock;
  struct State {
    std::set<const void*> at_work;
    const void* alone{nullptr};  // Works alone, or waits for the others to leave.
    Clock::time_point look_at{};
  };
  const std::chrono::milliseconds look_every_;
  base::Guarded<State> state_;
};

/// A worker's stay in the gate.
class Stay {
 public:
  Stay(WorkGate& gate, const void* worker) : gate_{gate}, worker_{worker} {}
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;
  ~Stay() { gate_.leave(worker_); }

 private:
  WorkGate& gate_;
  const void* worker_;
};

}  // namespace engine::jobs
