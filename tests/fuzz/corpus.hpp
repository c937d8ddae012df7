#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

/// The inputs of a file: one a line, with `\n`, `\r`, `\t`, `\\` and `\x00` for what cannot stand
/// in a line. Empty lines and lines that begin with `#` are none.
///
/// Errors: base::Error when the file cannot be read or has another escape.
[[nodiscard]] std::vector<std::string> read_corpus(const std::string& path);

/// An input as a line of a corpus, in printable ASCII.
[[nodiscard]] std::string escaped(std::string_view input);

}  // namespace fuzz
