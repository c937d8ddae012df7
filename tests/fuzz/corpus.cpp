#include "fuzz/corpus.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>

namespace fuzz {
namespace {

/// What the escape at the start of `text` stands for, which is taken from it.
char take_escape(std::string_view& text) {
  const char letter = text.size() < 2 ? '\0' : text[1];
  if (letter == 'x' && text.size() >= 4) {
    unsigned byte = 0;
    const auto [end, fault] = std::from_chars(text.data() + 2, text.data() + 4, byte, 16);
    if (fault == std::errc{} && end == text.data() + 4) {
      text.remove_prefix(4);
      return static_cast<char>(byte);
    }
  }
  text.remove_prefix(std::min<std::size_t>(2, text.size()));
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '\\':
      return '\\';
    default:
      throw base::Error{"a corpus has only the escapes \\n, \\r, \\t, \\\\ and \\xNN"};
  }
}

std::string unescaped(std::string_view line) {
  std::string input;
  while (!line.empty()) {
    if (line.front() == '\\') {
      input += take_escape(line);
    } else {
      input += line.front();
      line.remove_prefix(1);
    }
  }
  return input;
}

}  // namespace

std::vector<std::string> read_corpus(const std::string& path) {
  std::ifstream file{path};
  if (!file) throw base::Error{"there is no corpus " + path};
  std::vector<std::string> inputs;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') inputs.push_back(unescaped(line));
  }
  return inputs;
}

std::string escaped(std::string_view input) {
  std::string line;
  for (const char letter : input) {
    if (letter == '\\') {
      line += "\\\\";
    } else if (letter >= ' ' && letter <= '~' && !(letter == '#' && line.empty())) {
      line += letter;
    } else if (letter == '\n' || letter == '\r' || letter == '\t') {
      line += letter == '\n' ? "\\n" : letter == '\r' ? "\\r" : "\\t";
    } else {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
    }
  }
  return line;
}

}  // namespace fuzz
