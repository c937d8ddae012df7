#include "http/head_scanner.hpp"

#include "http/transport_problem.hpp"

namespace http {
namespace {

// Around the target of a request line: the longest method, two spaces, the version.
constexpr std::size_t kRequestLineRest = 32;

bool is_control(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

base::Result<std::optional<std::size_t>, wire::Problem> HeadScanner::scan(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    if (auto problem = look_at(bytes[scanned_++])) return base::fail(std::move(*problem));
    if (is_end_) return std::optional{scanned_};
  }
  return std::optional<std::size_t>{};
}

std::optional<wire::Problem> HeadScanner::look_at(char letter) {
  const bool ends_line = letter == '\n';
  // A line feed without a carriage return, or one without its line feed, is read differently by
  // different programs.
  if (ends_line != (previous_ == '\r') ||
      (is_control(letter) && !ends_line && letter != '\r' && letter != '\t')) {
    return transport_problem::malformed_request("This is not HTTP/1.1.");
  }
  previous_ = letter;
  if (!ends_line) {
    ++line_bytes_;
    if (is_first_line() && line_bytes_ > limits_.target_bytes_max + kRequestLineRest) {
      return transport_problem::uri_too_long();
    }
    // The last one is the carriage return.
    if (line_bytes_ > limits_.line_bytes_max + 1 && !is_first_line()) {
      return wire::problem::too_many_headers();
    }
    if (scanned_ > limits_.head_bytes_max) return wire::problem::too_many_headers();
    return std::nullopt;
  }
  const bool is_empty = line_bytes_ == 1;
  if (is_empty && is_first_line()) {
    return transport_problem::malformed_request("A request begins with its request line.");
  }
  is_end_ = is_empty;
  line_bytes_ = 0;
  ++lines_;
  if (!is_end_ && lines_ > limits_.headers_max + 1) return wire::problem::too_many_headers();
  return std::nullopt;
}

}  // namespace http
