#include "bench/jobs_load.hpp"

#include "geo/point.hpp"

#include <sys/resource.h>

#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t kCells = 1'024;

std::vector<geo::Cell> cells() {
  std::vector<geo::Cell> all;
  for (std::size_t n = 0; n < kCells; ++n) {
    const auto east = static_cast<double>(n % 32);
    const auto north = static_cast<double>(n / 32);
    // Cells of seven letters are a seven-hundredth of a degree wide and high.
    all.push_back(geo::cell_of({.lat = 37.7 + 0.002 * north, .lon = -122.5 + 0.002 * east}, 7));
  }
  return all;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Act final : public engine::jobs::BatchHandler {
 public:
  Act(Progress& progress, std::function<void(std::size_t)> on_begun)
      : progress_{progress}, on_begun_{std::move(on_begun)} {}

  std::vector<engine::jobs::Outcome> handle(std::span<const engine::jobs::Job> jobs,
                                            pg::Transaction&) const override {
    std::vector<engine::jobs::Outcome> outcomes;
    outcomes.reserve(jobs.size());
    for (const auto& job : jobs) {
      const auto n = job.args.at("n").get<std::size_t>();
      if (on_begun_) on_begun_(n);
      engine::jobs::Completed done{.result = result_of_job(n), .events = {}};
      done.events.push_back({.type = kEventType,
                             .subject = job.id.text(),
                             .cell = cell_of_job(n),
                             .data = event_of_job(n)});
      outcomes.emplace_back(std::move(done));
    }
    progress_.add(jobs.size());
    return outcomes;
  }

 private:
  Progress& progress_;
  std::function<void(std::size_t)> on_begun_;
};

}  // namespace

const geo::Cell& cell_of_job(std::size_t n) {
  static const std::vector<geo::Cell> all = cells();
  return all[n % kCells];
}

std::string args_of_job(std::size_t n) {
  static const std::string text(/*count=*/170, 'a');
  return R"({"n":)" + std::to_string(n) + R"(,"text":")" + text + R"("})";
}

engine::jobs::JobSpec spec_of_job(std::size_t n) {
  return {
      .kind = kKind, .caller = "own-somebody", .args = args_of_job(n), .traceparent = std::nullopt};
}

base::Json result_of_job(std::size_t n) {
  return {{"n", n}};
}

base::Json event_of_job(std::size_t n) {
  return {{"n", n}, {"text", "done"}};
}

void Progress::wait_for(std::size_t jobs, std::chrono::seconds limit) {
  done_.wait_for(
      std::stop_token{},
      limit,
      [&](std::size_t done) { return done >= jobs; },
      [](std::size_t, bool is_done) {
        if (!is_done) throw std::runtime_error{"the jobs were not done in time"};
      });
}

std::unique_ptr<engine::jobs::BatchHandler> act(Progress& progress,
                                                std::function<void(std::size_t n)> on_begun) {
  return std::make_unique<Act>(progress, std::move(on_begun));
}

pg::ConnectionOptions queue_connection(const std::string& url) {
  return {.url = url, .application_name = "earshot-queue", .pin_planner = true};
}

Stopwatch::Stopwatch() : began_at_{std::chrono::steady_clock::now()}, cpu_s_{cpu_seconds()} {}

base::Json Stopwatch::figures(std::size_t jobs) const {
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - began_at_;
  return {{"jobs", jobs}, {"seconds", time.count()}, {"cpu_s", cpu_seconds() - cpu_s_}};
}

}  // namespace bench
