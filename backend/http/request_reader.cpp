#include "http/request_reader.hpp"

#include <utility>

namespace http {

base::Result<std::optional<RequestHead>, wire::Problem> RequestReader::next_head() {
  const auto end = scanner_.scan(bytes_);
  if (!end) return base::fail(end.error());
  if (!*end) return std::optional<RequestHead>{};
  auto head = parse_request_head(std::string_view{bytes_}.substr(0, **end), limits_);
  if (!head) return base::fail(std::move(head.error()));
  bytes_.erase(0, **end);
  scanner_ = HeadScanner{limits_};
  return std::optional{std::move(*head)};
}

std::string RequestReader::take_body() {
  const std::size_t size = std::exchange(body_bytes_, 0);
  if (bytes_.size() == size) return std::exchange(bytes_, {});
  std::string body = bytes_.substr(0, size);
  bytes_.erase(0, size);
  return body;
}

}  // namespace http
