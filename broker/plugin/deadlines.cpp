#include "broker/plugin/deadlines.hpp"

#include <cstdint>
#include <utility>

namespace broker {

// Addresses differ in their middle bits; the multiplication (Fibonacci hashing) spreads them.
std::size_t Deadlines::home_of(Handle handle) const {
  constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
  const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(handle));
  return static_cast<std::size_t>((address * kGolden) >> 32U) & mask_;
}

std::size_t Deadlines::slot_of(Handle handle) const {
  std::size_t slot = home_of(handle);
  while (slots_[slot].handle != nullptr && slots_[slot].handle != handle) slot = after(slot);
  return slot;
}

std::optional<Deadlines::Wall> Deadlines::find(Handle handle) const {
  const Slot& slot = slots_[slot_of(handle)];
  if (handle == nullptr || slot.handle != handle) return std::nullopt;
  return slot.until;
}

void Deadlines::set(Handle handle, Wall until) {
  if (handle == nullptr) return;
  if ((taken_ + 1) * 2 > slots_.size()) grow();
  Slot& slot = slots_[slot_of(handle)];
  if (slot.handle == nullptr) ++taken_;
  slot = {.handle = handle, .until = until};
}

// Whoever stands behind a gap and has been pushed past it moves into it, so that no search ends too
// early.
void Deadlines::erase(Handle handle) {
  std::size_t gap = slot_of(handle);
  if (handle == nullptr || slots_[gap].handle != handle) return;
  --taken_;
  for (std::size_t slot = after(gap); slots_[slot].handle != nullptr; slot = after(slot)) {
    const std::size_t pushed = (slot - home_of(slots_[slot].handle)) & mask_;
    if (pushed < ((slot - gap) & mask_)) continue;
    slots_[gap] = slots_[slot];
    gap = slot;
  }
  slots_[gap] = {};
}

void Deadlines::grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  mask_ = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.handle != nullptr) slots_[slot_of(slot.handle)] = slot;
  }
}

}  // namespace broker
