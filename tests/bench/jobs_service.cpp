#include "bench/jobs_service.hpp"

#include "support/inserted.hpp"

#include <stdexcept>
#include <utility>

namespace bench {

using namespace std::chrono_literals;

Service::Service(const std::string& url)
    : pool_{queue_connection(url), {.connections_max = kWorkers + 3}, log_},
      ids_{pool_, clock_, log_} {}

void Service::start(std::function<void(std::size_t n)> on_begun) {
  handlers_.add(kKind, act(progress_, std::move(on_begun)));
  for (std::size_t i = 0; i < kWorkers; ++i) {
    workers_.push_back(
        std::make_unique<engine::jobs::Worker>(pool_, handlers_, ids_, accepted_, appended_, log_));
  }
  inserter_.emplace(pool_, ids_, accepted_, log_);
}

void Service::accept(std::vector<engine::jobs::JobSpec> specs) {
  const auto accepted = support::insert_all(*inserter_, std::move(specs));
  if (!accepted) throw std::runtime_error{"refused: " + accepted.error().detail};
}

std::size_t Service::finish(std::size_t jobs) {
  progress_.wait_for(jobs, 300s);
  workers_.clear();
  return progress_.done();
}

}  // namespace bench
