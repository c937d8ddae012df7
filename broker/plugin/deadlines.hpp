#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace broker {

/// Until when each connection may hear, for the question that is asked for every delivery.
///
/// One look at one line of memory answers it, where std::unordered_map takes four: that was 3% of
/// all that the broker does for a delivery, measured by `scripts/bench fan-out`.
/// Limits: handles are not null. Threads: the broker's one.
class Deadlines {
 public:
  using Handle = const void*;
  using Wall = std::chrono::system_clock::time_point;

  void set(Handle handle, Wall until);
  void erase(Handle handle);
  [[nodiscard]] std::optional<Wall> find(Handle handle) const;

 private:
  struct Slot {
    Handle handle{nullptr};  // Null: free.
    Wall until{};
  };

  [[nodiscard]] std::size_t home_of(Handle handle) const;
  /// Where the handle is, or else the free slot where it would be.
  [[nodiscard]] std::size_t slot_of(Handle handle) const;
  [[nodiscard]] std::size_t after(std::size_t slot) const { return (slot + 1) & mask_; }
  void grow();

  std::vector<Slot> slots_{16};  // A power of two; at most half of them are taken.
  std::size_t mask_{15};
  std::size_t taken_{0};
};

}  // namespace broker
