#include "fuzz/mutator.hpp"

#include <algorithm>
#include <utility>

namespace fuzz {
namespace {

bool is_word_letter(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= 'a' && letter <= 'z') || letter == '_' || letter == '-' || letter == '.';
}

/// Where parsers go wrong: ends of ranges, bytes of no text, invisible characters.
std::vector<std::string> awkward_parts() {
  return {"",
          std::string(1, '\0'),
          "\r\n",
          "\n",
          "\t",
          " ",
          "\x7f",
          "\x80",
          "\xff",
          "\xc3",
          "\xed\xa0\x80",
          "\u202e",
          "\u200b",
          "\u00e9",
          "\U0001f600",
          "%00",
          "%2f",
          "\\u0000",
          "\\ud800",
          "0",
          "-1",
          "-0.0",
          "1e999",
          "nan",
          "inf",
          "180",
          "-90",
          "65536",
          "2147483648",
          "9223372036854775807",
          "-9223372036854775808",
          "18446744073709551616",
          "1e-320",
          "179.99999999999997",
          std::string(300, 'a'),
          std::string(40, '['),
          "\"",
          "\\",
          "{",
          "}",
          "'",
          "/"};
}

std::vector<std::string> parts_of(const std::vector<std::string>& corpus) {
  std::vector<std::string> parts = awkward_parts();
  for (const std::string& input : corpus) {
    for (auto at = input.begin(); at != input.end();) {
      const auto end = std::find_if_not(at, input.end(), is_word_letter);
      parts.emplace_back(at, end == at ? at + 1 : end);
      at += static_cast<std::ptrdiff_t>(parts.back().size());
    }
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return parts;
}

}  // namespace

Mutator::Mutator(std::uint64_t seed, std::vector<std::string> corpus)
    : random_{seed}, corpus_{std::move(corpus)}, parts_{parts_of(corpus_)} {
  for (const std::string& input : corpus_) bytes_max_ = std::max(bytes_max_, 2 * input.size());
}

std::string Mutator::next() {
  std::string input = one_of(corpus_);
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(input);
  if (input.size() > bytes_max_) input.resize(bytes_max_);
  return input;
}

std::size_t Mutator::below(std::size_t limit) {
  return static_cast<std::size_t>(random_() % limit);
}

const std::string& Mutator::one_of(const std::vector<std::string>& texts) {
  return texts[below(texts.size())];
}

void Mutator::change(std::string& input) {
  const std::size_t at = below(input.size() + 1);
  const std::size_t length = std::min(1 + below(below(4) == 0 ? 32 : 4), input.size() - at);
  switch (below(8)) {
    case 0:  // Any byte instead of one that is there.
      input.replace(at, std::min<std::size_t>(length, 1), 1, static_cast<char>(below(256)));
      break;
    case 1:  // One bit.
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
      break;
    case 2:
      input.erase(at, length);
      break;
    case 3:
      input.insert(at, input.substr(at, length));
      break;
    case 4: {  // The beginning of one input and the end of another.
      const std::string& other = one_of(corpus_);
      input = input.substr(0, at) + other.substr(below(other.size() + 1));
      break;
    }
    case 5:
      input.insert(at, one_of(parts_));
      break;
    default: {  // A word gives way to another.
      const auto begin = std::find_if(
          input.begin() + static_cast<std::ptrdiff_t>(at), input.end(), is_word_letter);
      const auto end = std::find_if_not(begin, input.end(), is_word_letter);
      input.replace(begin, end, one_of(parts_));
    }
  }
}

}  // namespace fuzz
