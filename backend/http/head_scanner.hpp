#pragma once

#include "base/result.hpp"
#include "http/request_head.hpp"
#include "wire/problem.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace http {

/// Finds the end of a head in bytes that arrive in pieces, looking at each byte once.
///
/// It gives up as soon as nothing that follows can make a head of them. What it lets through is for
/// parse_request_head to judge.
/// Threads: confined.
class HeadScanner {
 public:
  explicit HeadScanner(const HeadLimits& limits) : limits_{limits} {}

  /// How long the head at the beginning of `bytes` is, with its last empty line; nothing while its
  /// end has not come. `bytes` are those of the last call and what came after them.
  ///
  /// Errors: 400, 414, 431.
  [[nodiscard]] base::Result<std::optional<std::size_t>, wire::Problem> scan(
      std::string_view bytes);

 private:
  [[nodiscard]] std::optional<wire::Problem> look_at(char letter);
  [[nodiscard]] bool is_first_line() const { return lines_ == 0; }

  HeadLimits limits_;
  std::size_t scanned_ = 0;
  std::size_t lines_ = 0;
  std::size_t line_bytes_ = 0;  // Of the line that has not ended.
  char previous_ = '\0';
  bool is_end_ = false;
};

}  // namespace http
