#include "engine/requests/idempotency_key.hpp"

#include <algorithm>
#include <cstddef>

namespace engine::requests {
namespace {

constexpr std::size_t kLengthMax = 255;

bool is_of_key(char letter) {
  return letter > ' ' && letter <= '~' && letter != '"';
}

wire::Problem invalid_key() {
  return {.status = 400,
          .type = "invalid-idempotency-key",
          .title = "The Idempotency-Key is not valid",
          .detail = "It must be 1 to 255 visible ASCII characters, quoted or not, and sent once."};
}

}  // namespace

bool is_idempotency_key(std::string_view text) {
  return !text.empty() && text.size() <= kLengthMax && std::ranges::all_of(text, is_of_key);
}

base::Result<std::optional<std::string>, wire::Problem> idempotency_key_of(
    const http::Request& request) {
  const auto header = request.header("idempotency-key");
  if (!header) return std::optional<std::string>{};
  std::string_view key = *header;
  const bool is_quoted = key.size() >= 2 && key.front() == '"' && key.back() == '"';
  if (is_quoted) key = key.substr(1, key.size() - 2);
  if (!is_idempotency_key(key)) return base::fail(invalid_key());
  return std::optional{std::string{key}};
}

}  // namespace engine::requests
