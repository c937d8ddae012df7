#pragma once

#include "base/result.hpp"
#include "http/request.hpp"
#include "wire/problem.hpp"
#include "wire/text_rule.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace engine::requests {

/// 1 to 255 visible ASCII characters, no quotation marks.
[[nodiscard]] bool is_idempotency_key(std::string_view text);
/// The first half of that, for keys that come in JSON.
inline constexpr wire::TextRule kIdempotencyKeyRule{.code_points_min = 1, .code_points_max = 255};

/// The `Idempotency-Key` of a request, quoted or bare; none where the header is absent.
///
/// Errors: 400 `invalid-idempotency-key`.
/// Limits: 1 to 255 visible ASCII characters.
/// Source: draft-ietf-httpapi-idempotency-key-header-07; docs/http-api.md.
[[nodiscard]] base::Result<std::optional<std::string>, wire::Problem> idempotency_key_of(
    const http::Request& request);

}  // namespace engine::requests
