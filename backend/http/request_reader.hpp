#pragma once

#include "base/result.hpp"
#include "http/head_scanner.hpp"
#include "http/request_head.hpp"
#include "wire/problem.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace http {

/// Cuts the bytes of one connection into heads and bodies. It knows neither sockets nor time.
///
/// A head is looked for only when it is asked for, so the next request stays bytes while the one
/// before it has no answer.
/// Threads: confined.
class RequestReader {
 public:
  explicit RequestReader(const HeadLimits& limits) : limits_{limits}, scanner_{limits} {}

  void add(std::string_view bytes) { bytes_.append(bytes); }

  /// The next request's head; nothing while it is not whole.
  ///
  /// Errors: as parse_request_head.
  [[nodiscard]] base::Result<std::optional<RequestHead>, wire::Problem> next_head();

  /// Says how many of the bytes behind the head are its body.
  void expect_body(std::size_t bytes) { body_bytes_ = bytes; }
  [[nodiscard]] bool is_body_whole() const { return bytes_.size() >= body_bytes_; }
  [[nodiscard]] std::size_t body_bytes_missing() const {
    return is_body_whole() ? 0 : body_bytes_ - bytes_.size();
  }
  /// The body, when it is whole.
  [[nodiscard]] std::string take_body();

  /// What was received and not taken.
  [[nodiscard]] std::size_t bytes_held() const { return bytes_.size(); }

 private:
  HeadLimits limits_;
  HeadScanner scanner_;
  std::string bytes_;
  std::size_t body_bytes_ = 0;
};

}  // namespace http
