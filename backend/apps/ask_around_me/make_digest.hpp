#pragma once

#include "engine/jobs/long_handler.hpp"
#include "engine/requests/command_registry.hpp"

namespace ask_around_me {

/// `POST /v1/digests {lat, lon, radius_m, since?}`: what was asked around a place, area by area.
///
/// A long job: it tells how far it is, shows each area as soon as it has looked at it, and stops
/// when asked. Its result is a GeoJSON FeatureCollection of the areas that have open questions.
/// Source: RFC 7946.
class MakeDigest final : public engine::jobs::LongHandler {
 public:
  static constexpr const char* kKind = "ask_around_me.make_digest";

  /// As with questions, the exact position ends here.
  [[nodiscard]] static base::Result<base::Json, wire::Problem> parse(
      const engine::requests::CommandRequest& request);

  [[nodiscard]] std::optional<engine::jobs::Finished> handle(engine::jobs::Run& run) const override;
};

}  // namespace ask_around_me
