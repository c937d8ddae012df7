#pragma once

#include "base/result.hpp"
#include "http/request.hpp"
#include "wire/problem.hpp"

#include <optional>
#include <string>

namespace engine::requests {

/// The `Idempotency-Key` of a request, quoted or bare; none where the header is absent.
///
/// Errors: 400 `invalid-idempotency-key`.
/// Limits: 1 to 255 visible ASCII characters.
/// Source: draft-ietf-httpapi-idempotency-key-header-07; docs/http-api.md.
[[nodiscard]] base::Result<std::optional<std::string>, wire::Problem> idempotency_key_of(
    const http::Request& request);

}  // namespace engine::requests
