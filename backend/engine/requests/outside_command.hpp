#pragma once

#include "engine/jobs/outside_kind.hpp"
#include "engine/requests/command_registry.hpp"

namespace engine::requests {

/// How jobs of a kind for outside workers are asked for: by POST /v1/jobs alone, with arguments as
/// its schema wants them.
[[nodiscard]] Command outside_command(const jobs::OutsideKind& kind);

}  // namespace engine::requests
