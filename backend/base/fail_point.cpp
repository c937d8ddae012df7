#include "base/fail_point.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace base {
namespace {

struct Wanted {
  std::string name;
  int passings{0};  // Until it happens.
  int signal{SIGKILL};
};

Wanted wanted_of(std::string_view text) {
  Wanted wanted;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return wanted;
  wanted.name = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 1);
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), wanted.passings);
  if (std::string_view{read.ptr, rest.data() + rest.size()} == ":stop") wanted.signal = SIGSTOP;
  return wanted;
}

}  // namespace

void pass_fail_point(std::string_view name) {
  static const char* const text = std::getenv("EARSHOT_FAIL_POINT");
  if (text == nullptr) return;
  static const Wanted wanted = wanted_of(text);
  static std::atomic<int> left{wanted.passings};
  if (name == wanted.name && --left == 0) std::raise(wanted.signal);
}

}  // namespace base
