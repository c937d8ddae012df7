#include "engine/bridge/bridge.hpp"

#include <utility>

namespace engine::bridge {

Bridge::Bridge(pg::ConnectionOptions database,
               BridgeOptions options,
               base::WakeSignal& appended,
               const base::Clock& clock,
               const base::Log& log)
    : relay_{std::move(database), checked(std::move(options)), appended, clock, log} {}

bool Bridge::is_connected() const {
  const BridgeState state = relay_.state();
  return state.role == BridgeState::Role::kStandby ||
         (state.role == BridgeState::Role::kLeading &&
          state.connected == relay_.options().connections);
}

}  // namespace engine::bridge
