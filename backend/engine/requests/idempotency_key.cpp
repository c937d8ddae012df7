#include "engine/requests/idempotency_key.hpp"

#include <algorithm>
#include <cstddef>

namespace engine::requests {
namespace {

constexpr std::size_t kLengthMax = 255;

bool is_visible(char letter) {
  return letter > ' ' && letter <= '~';
}

wire::Problem invalid_key() {
  return {.status = 400,
          .type = "invalid-idempotency-key",
          .title = "The Idempotency-Key is not valid",
          .detail = "It must be 1 to 255 visible ASCII characters, quoted or not, and sent once."};
}

}  // namespace

base::Result<std::optional<std::string>, wire::Problem> idempotency_key_of(
    const http::Request& request) {
  const auto header = request.header("idempotency-key");
  if (!header) return std::optional<std::string>{};
  std::string_view key = *header;
  const bool is_quoted = key.size() >= 2 && key.front() == '"' && key.back() == '"';
  if (is_quoted) key = key.substr(1, key.size() - 2);
  const bool has_quotes = key.find('"') != std::string_view::npos;
  if (key.empty() || key.size() > kLengthMax || has_quotes ||
      !std::all_of(key.begin(), key.end(), is_visible)) {
    return base::fail(invalid_key());
  }
  return std::optional{std::string{key}};
}

}  // namespace engine::requests
