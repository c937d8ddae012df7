#pragma once

#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/outcome.hpp"
#include "wire/json_schema.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace engine::jobs {

/// A long kind that programs outside carry out, over HTTP: named by configuration, because no
/// handler here knows it.
struct OutsideKind {
  std::string name;  // "<app>.<verb>"
  LongLimits limits{};
  std::chrono::seconds lease{60};  // Without a word for so long, a worker is taken for dead.
  std::int16_t max_attempts{5};
  std::size_t result_bytes_max{kResultBytesMax};
  std::vector<std::string> events{};  // Types that it may announce.
  std::optional<wire::JsonSchema> args_schema{};
  std::optional<wire::JsonSchema> result_schema{};
};

}  // namespace engine::jobs
