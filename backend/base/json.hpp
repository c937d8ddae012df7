#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace base {

/// Keys keep the order in which they were written, so that what people read is stable.
using Json = nlohmann::ordered_json;

/// One line of JSON. Bytes that are not UTF-8 become U+FFFD instead of an exception.
[[nodiscard]] inline std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace base
