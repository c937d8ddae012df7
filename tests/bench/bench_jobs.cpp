#include "base/wake_signal.hpp"
#include "bench/jobs_bare.hpp"
#include "bench/jobs_load.hpp"
#include "engine/jobs/batch_inserter.hpp"
#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/worker.hpp"
#include "pg/pool.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>

// `bench_jobs URL engine|bare JOBS`: carries JOBS jobs out and prints jobs, seconds and the
// processor seconds of this process as JSON.

namespace bench {
namespace {

using namespace std::chrono_literals;
using engine::jobs::JobSpec;

// More would hand in faster than one commit after the other, and share commits.
constexpr std::size_t kCallers = 2;

/// Jobs of `caller`: every kCallers-th commit.
void accept(engine::jobs::BatchInserter& inserter, std::size_t caller, std::size_t jobs) {
  for (std::size_t first = caller * kCommitJobs; first < jobs; first += kCallers * kCommitJobs) {
    std::vector<JobSpec> specs;
    specs.reserve(kCommitJobs);
    for (std::size_t i = 0; i < kCommitJobs; ++i) specs.push_back(spec_of_job(first + i));
    const auto accepted = inserter.insert_all(std::move(specs));
    if (!accepted) throw std::runtime_error{"refused: " + accepted.error().detail};
  }
}

// Handlers are told of their jobs before the commit, so the workers are stopped, which ends what
// is at work, before the watch is read.
base::Json run_engine(const std::string& url, std::size_t jobs) {
  const base::SystemClock clock;
  const base::Log log{base::LogFormat::kText, base::LogLevel::kWarning};
  pg::Pool pool{queue_connection(url), {.connections_max = kWorkers + 3}, log};
  engine::jobs::NodeLease ids{pool, clock, log};
  base::WakeSignal accepted;
  base::WakeSignal appended;
  Progress progress;
  engine::jobs::HandlerRegistry handlers;
  handlers.add(kKind, act(progress));

  const Stopwatch watch;
  {
    std::vector<std::unique_ptr<engine::jobs::Worker>> workers;
    for (std::size_t i = 0; i < kWorkers; ++i) {
      workers.push_back(
          std::make_unique<engine::jobs::Worker>(pool, handlers, ids, accepted, appended, log));
    }
    engine::jobs::BatchInserter inserter{pool, ids, accepted, log};
    {
      std::vector<std::jthread> callers;
      for (std::size_t caller = 0; caller < kCallers; ++caller) {
        callers.emplace_back([&, caller] { accept(inserter, caller, jobs); });
      }
    }
    progress.wait_for(jobs, 120s);
  }
  return watch.figures(progress.done());
}

int run(int argc, char** argv) {
  if (argc != 4) throw std::invalid_argument{"bench_jobs URL engine|bare JOBS"};
  const std::string url{argv[1]};
  const std::string_view contestant{argv[2]};
  const std::size_t jobs = std::strtoull(argv[3], nullptr, /*base=*/10);
  if (jobs == 0 || jobs % kCommitJobs != 0) {
    throw std::invalid_argument{"JOBS is a multiple of " + std::to_string(kCommitJobs)};
  }
  const base::Json figures = contestant == "bare" ? run_bare(url, jobs) : run_engine(url, jobs);
  std::puts(base::to_text(figures).c_str());
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_jobs: %s\n", error.what());
    return 1;
  }
}
