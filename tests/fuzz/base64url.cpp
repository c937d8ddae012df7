#include "wire/base64url.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"

// Any bytes: each byte string has one text, and each accepted text one byte string.

const fuzz::Target fuzz::target{.name = "base64url", .mutations = 20'000};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using base::check;
  const std::string_view input = fuzz::text_of(bytes, size);
  const std::string text = wire::to_base64url(input);
  check(wire::from_base64url(text) == input, "bytes survive");
  check(text.size() == (size * 4 + 2) / 3, "there is no padding");

  const auto decoded = wire::from_base64url(input);
  check(!decoded || wire::to_base64url(*decoded) == input, "a text that is accepted is the one");
  return 0;
}
