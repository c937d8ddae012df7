#pragma once

#include "engine/jobs/batch_inserter.hpp"

#include <future>
#include <memory>
#include <utility>
#include <vector>

namespace support {

/// Hands the jobs in: they are in line when it returns.
[[nodiscard]] inline std::future<engine::jobs::BatchInserter::Reply> hand_in(
    engine::jobs::BatchInserter& inserter, std::vector<engine::jobs::JobSpec> specs) {
  // Shared: who sets it may still be about to return when the waiter has gone.
  const auto told = std::make_shared<std::promise<engine::jobs::BatchInserter::Reply>>();
  inserter.insert(std::move(specs), [told](engine::jobs::BatchInserter::Reply reply) {
    told->set_value(std::move(reply));
  });
  return told->get_future();
}

/// Waits until the jobs are stored, or refused.
[[nodiscard]] inline engine::jobs::BatchInserter::Reply insert_all(
    engine::jobs::BatchInserter& inserter, std::vector<engine::jobs::JobSpec> specs) {
  return hand_in(inserter, std::move(specs)).get();
}

[[nodiscard]] inline base::Result<engine::jobs::Accepted, wire::Problem> insert(
    engine::jobs::BatchInserter& inserter, engine::jobs::JobSpec spec) {
  std::vector<engine::jobs::JobSpec> one;
  one.push_back(std::move(spec));
  auto reply = insert_all(inserter, std::move(one));
  if (!reply) return base::fail(reply.error());
  return std::move(reply->front());
}

}  // namespace support
