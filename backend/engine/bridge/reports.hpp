#pragma once

#include "base/guarded.hpp"
#include "base/wake_signal.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace engine::bridge {

/// What a connection has to tell the relay. Plain data, so that telling it never allocates.
struct Report {
  enum class Kind { kConnected, kLost, kAccepted, kRefused };

  std::size_t connection;  // Its place in the row of connections.
  Kind kind;
  std::uint64_t subject;  // kConnected, kLost: the attempt to connect; otherwise the ticket.
  int code;               // MQTT 5 reason code, or Paho's (negative) error code.
};

/// The inbox of the relay: what the MQTT library's threads leave for the relay's thread.
///
/// Threads: any. `push` neither blocks nor allocates nor throws, because it runs in callbacks that
/// hold the library's locks.
/// Limits: `capacity` reports; one too many is dropped and said (`Batch::is_incomplete`).
class Reports {
 public:
  struct Batch {
    std::vector<Report> reports;
    bool is_incomplete = false;
  };

  Reports(std::size_t capacity, base::WakeSignal& wake)
      : capacity_{capacity}, wake_{wake}, waiting_{empty(capacity)} {}

  void push(const Report& report) noexcept {
    waiting_.with([&](Batch& waiting) {
      if (waiting.reports.size() < capacity_) {
        waiting.reports.push_back(report);
      } else {
        waiting.is_incomplete = true;
      }
    });
    wake_.notify();
  }

  /// Everything that was left since the last call, in order.
  [[nodiscard]] Batch take() {
    Batch taken = empty(capacity_);
    waiting_.with([&](Batch& waiting) { std::swap(waiting, taken); });
    return taken;
  }

 private:
  static Batch empty(std::size_t capacity) {
    Batch batch;
    batch.reports.reserve(capacity);
    return batch;
  }

  std::size_t capacity_;
  base::WakeSignal& wake_;
  base::Guarded<Batch> waiting_;
};

}  // namespace engine::bridge
