#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// What a fuzz target's source defines: a name, and a function that ends the process when a promise
/// is broken. libFuzzer calls that function, and so does replay.cpp in the ordinary tests.
namespace fuzz {

struct Target {
  const char* name;  // Its corpus is corpus/<name>.txt.
  int mutations;     // Of the corpus, in an ordinary test: a second or two of them.
};

extern const Target target;

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace fuzz

/// libFuzzer's own name for it. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
