#pragma once

#include "engine/requests/query_registry.hpp"

namespace ask_around_me {

/// `GET /v1/questions?lat&lon&radius_m&limit&cursor`: open questions around a place, newest first,
/// with the position they are exact at and the topics to hear more on.
[[nodiscard]] base::Result<base::Json, wire::Problem> list_questions(
    const engine::requests::QueryRequest& request);

/// `GET /v1/questions/{id}`
[[nodiscard]] base::Result<base::Json, wire::Problem> show_question(
    const engine::requests::QueryRequest& request);

}  // namespace ask_around_me
