#include "wire/utf8.hpp"

namespace wire {
namespace {

unsigned byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

bool is_continuation(unsigned byte) {
  return (byte & 0xC0U) == 0x80U;
}

/// How the first byte begins: how many bytes there are, and its share of the value.
struct Lead {
  std::size_t bytes;
  char32_t bits;
  char32_t least;  // Smaller values have a shorter form.
};

std::optional<Lead> lead_of(unsigned byte) {
  if (byte < 0x80U) return Lead{1, byte, 0};
  if ((byte & 0xE0U) == 0xC0U) return Lead{2, byte & 0x1FU, 0x80};
  if ((byte & 0xF0U) == 0xE0U) return Lead{3, byte & 0x0FU, 0x800};
  if ((byte & 0xF8U) == 0xF0U) return Lead{4, byte & 0x07U, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<CodePoint> first_code_point(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto lead = lead_of(byte_at(text, 0));
  if (!lead || text.size() < lead->bytes) return std::nullopt;

  char32_t value = lead->bits;
  for (std::size_t index = 1; index < lead->bytes; ++index) {
    const unsigned byte = byte_at(text, index);
    if (!is_continuation(byte)) return std::nullopt;
    value = (value << 6U) | (byte & 0x3FU);
  }
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < lead->least || value > 0x10FFFF || is_surrogate) return std::nullopt;
  return CodePoint{value, lead->bytes};
}

std::optional<CodePoint> last_code_point(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::size_t start = text.size() - 1;
  while (start > 0 && is_continuation(byte_at(text, start))) --start;
  const auto last = first_code_point(text.substr(start));
  if (!last || start + last->bytes != text.size()) return std::nullopt;
  return last;
}

}  // namespace wire
