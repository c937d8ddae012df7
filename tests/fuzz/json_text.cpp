#include "wire/json_text.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"

#include <algorithm>
#include <string>
#include <vector>

// JSON from outside: what is accepted is plain JSON for every reader, what is not is a 400.

const fuzz::Target fuzz::target{.name = "json_text", .mutations = 8'000};

namespace {

using base::check;
using base::Json;

constexpr int kDepthMax = 32;

void check_keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  check(std::adjacent_find(keys.begin(), keys.end()) == keys.end(), "each key is there once");
  for (const std::string& key : keys)
    check(key.find('\0') == std::string::npos, "a key has no NUL");
}

void check_value(const Json& value, int depth) {
  if (value.is_structured()) {
    check(depth < kDepthMax, "depth is bounded");
    if (value.is_object()) check_keys(value);
    for (const Json& part : value) check_value(part, depth + 1);
  } else if (value.is_string()) {
    check(value.get_ref<const std::string&>().find('\0') == std::string::npos, "text has no NUL");
  } else if (const auto integer = wire::integer_of(value)) {
    check(value.dump() == std::to_string(*integer), "an integer is the number that was written");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input = fuzz::text_of(bytes, size);
  const auto json = wire::parse_json(input);
  if (!json) {
    check(json.error().status == 400, "bad JSON is the client's fault");
    const std::string told = wire::to_json(json.error()).dump();  // Throws unless it is UTF-8.
    check(Json::accept(told), "a problem can be told");
    return 0;
  }
  check(Json::accept(input), "what others refuse is not accepted");
  check_value(*json, 0);

  const auto again = wire::parse_json(json->dump());
  check(again && *again == *json, "JSON that is written down again is the same");
  return 0;
}
