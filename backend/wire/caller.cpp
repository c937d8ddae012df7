#include "wire/caller.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace wire {
namespace {

constexpr std::size_t kAliasMax = 16;
constexpr std::size_t kTextMax = 200;
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}
bool is_lower(char letter) {
  return letter >= 'a' && letter <= 'z';
}
bool is_upper(char letter) {
  return letter >= 'A' && letter <= 'Z';
}

bool is_alias(std::string_view alias) {
  return !alias.empty() && alias.size() <= kAliasMax &&
         std::all_of(alias.begin(), alias.end(), [](char letter) {
           return is_lower(letter) || is_digit(letter);
         });
}

std::string escaped(std::string_view sub) {
  std::string text;
  for (const char letter : sub) {
    if (is_lower(letter) || is_upper(letter) || is_digit(letter) || letter == '-') {
      text += letter;
    } else {
      const auto byte = static_cast<unsigned char>(letter);
      text += {'_', kHexDigits[byte / 16U], kHexDigits[byte % 16U]};
    }
  }
  return text;
}

/// Lenient: `parse` compares what comes of it with the text it was given.
std::optional<std::string> unescaped(std::string_view text) {
  std::string sub;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] != '_') {
      sub += text[index];
      continue;
    }
    if (text.size() - index < 3) return std::nullopt;
    const std::size_t high = kHexDigits.find(text[++index]);
    const std::size_t low = kHexDigits.find(text[++index]);
    if (high == kHexDigits.npos || low == kHexDigits.npos) return std::nullopt;
    sub += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
  }
  return sub;
}

}  // namespace

Caller::Caller(std::string_view alias, std::string_view sub, std::string text)
    : alias_{alias}, sub_{sub}, text_{std::move(text)} {}

std::optional<Caller> Caller::from(std::string_view alias, std::string_view sub) {
  if (!is_alias(alias) || sub.empty() || sub.size() > kTextMax) return std::nullopt;
  std::string text = std::string{alias} + '-' + escaped(sub);
  if (text.size() > kTextMax) return std::nullopt;
  return Caller{alias, sub, std::move(text)};
}

std::optional<Caller> Caller::parse(std::string_view text) {
  const std::size_t dash = text.find('-');  // An alias has none.
  if (dash == text.npos || text.size() > kTextMax) return std::nullopt;
  const auto sub = unescaped(text.substr(dash + 1));
  if (!sub) return std::nullopt;
  auto caller = from(text.substr(0, dash), *sub);
  if (!caller || caller->text() != text) return std::nullopt;
  return caller;
}

}  // namespace wire
