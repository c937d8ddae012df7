#pragma once

#include "base/guarded.hpp"
#include "base/wake_signal.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace engine::bridge {

/// What a connection has to tell the relay.
struct Report {
  enum class Kind { kConnected, kLost, kAccepted, kRefused };

  std::size_t connection;  // Its place in the row of connections.
  Kind kind;
  std::uint64_t subject;  // kConnected, kLost: the attempt to connect; otherwise the ticket.
  int code;               // MQTT 5 reason code; or an errno, negative.
};

/// The inbox of the relay: what the connections' thread leaves for the relay's.
///
/// Threads: any. `push` neither waits nor allocates.
/// Limits: `capacity` reports; one too many is dropped and said (`Batch::is_incomplete`).
class Reports {
 public:
  struct Batch {
    std::vector<Report> reports;
    bool is_incomplete = false;
  };

  Reports(std::size_t capacity, base::WakeSignal& wake)
      : capacity_{capacity}, wake_{wake}, waiting_{empty(capacity)} {}

  void push(std::span<const Report> reports) noexcept {
    if (reports.empty()) return;
    waiting_.with([&](Batch& waiting) {
      const std::size_t room = capacity_ - waiting.reports.size();
      const auto kept = reports.first(std::min(room, reports.size()));
      waiting.reports.insert(waiting.reports.end(), kept.begin(), kept.end());
      waiting.is_incomplete = waiting.is_incomplete || kept.size() < reports.size();
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
