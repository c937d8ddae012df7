#include "bench/jobs_paced.hpp"

#include "base/pause.hpp"
#include "bench/jobs_load.hpp"
#include "bench/jobs_service.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace bench {

using namespace std::chrono_literals;

Arrivals::Arrivals(std::size_t jobs, std::size_t rate)
    : jobs_{jobs}, period_{1'000'000'000 / rate}, first_at_{Monotonic::now() + 200ms} {}

Arrivals::Monotonic::time_point Arrivals::due(std::size_t n) const {
  return first_at_ + n * period_;
}

void Arrivals::arrive(const std::function<void(std::size_t, std::size_t)>& accept) const {
  std::vector<std::jthread> callers;
  for (std::size_t caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (std::size_t n = caller; n < jobs_; n += kCallers) {
        base::pause({}, due(n) - Monotonic::now());
        accept(caller, n);
      }
    });
  }
}

void Arrivals::note_begun(std::size_t n) {
  if (n < kWarmUp) return;
  const std::chrono::duration<double, std::milli> delay = Monotonic::now() - due(n);
  delays_ms_.with([&](std::vector<double>& all) { all.push_back(delay.count()); });
}

base::Json Arrivals::figures(base::Json figures) const {
  auto delays = delays_ms_.with([](const std::vector<double>& all) { return all; });
  if (delays.size() + kWarmUp != jobs_) throw std::runtime_error{"not every job was begun once"};
  std::sort(delays.begin(), delays.end());
  figures["p50_ms"] = delays[delays.size() / 2];
  figures["p99_ms"] = delays[delays.size() * 99 / 100];
  return figures;
}

base::Json pace_engine(const std::string& url, std::size_t jobs, std::size_t rate) {
  Service service{url};
  Arrivals arrivals{jobs, rate};
  const Stopwatch watch;
  service.start([&](std::size_t n) { arrivals.note_begun(n); });
  arrivals.arrive([&](std::size_t, std::size_t n) { service.accept({spec_of_job(n)}); });
  service.finish(jobs);
  return arrivals.figures(watch.figures(jobs));
}

}  // namespace bench
