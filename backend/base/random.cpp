#include "base/random.hpp"

#include "base/check.hpp"

#include <sys/random.h>

#include <vector>

namespace base {

std::string random_text(std::size_t length) {
  // 32 letters without i, l, o, u: each byte gives one without bias.
  static constexpr char kLetters[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::vector<unsigned char> bytes(length);
  std::size_t filled = 0;
  while (filled < length) {
    const ssize_t got = ::getrandom(bytes.data() + filled, length - filled, 0);
    check(got > 0, "the kernel gives no random bytes");
    filled += static_cast<std::size_t>(got);
  }
  std::string text;
  for (const unsigned char byte : bytes) text += kLetters[byte & 31U];
  return text;
}

}  // namespace base
