#include "bench/jobs_bare.hpp"
#include "bench/jobs_load.hpp"
#include "bench/jobs_paced.hpp"
#include "bench/jobs_service.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>

// `bench_jobs URL engine|bare JOBS` carries JOBS jobs out as fast as it can, `bench_jobs URL
// paced-engine|paced-rows JOBS RATE` as they arrive. Prints jobs, seconds and the processor seconds
// of this process as JSON.

namespace bench {
namespace {

using engine::jobs::JobSpec;

// More would hand in faster than one commit after the other, and share commits.
constexpr std::size_t kCallers = 2;

/// Jobs of `caller`: every kCallers-th commit.
void accept(Service& service, std::size_t caller, std::size_t jobs) {
  for (std::size_t first = caller * kCommitJobs; first < jobs; first += kCallers * kCommitJobs) {
    std::vector<JobSpec> specs;
    specs.reserve(kCommitJobs);
    for (std::size_t i = 0; i < kCommitJobs; ++i) specs.push_back(spec_of_job(first + i));
    service.accept(std::move(specs));
  }
}

// Where other jobs wait before these, as many of them are done instead; a few more, while the last
// of these are accepted.
base::Json run_engine(const std::string& url, std::size_t jobs) {
  Service service{url};
  const Stopwatch watch;
  service.start();
  {
    std::vector<std::jthread> callers;
    for (std::size_t caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller] { accept(service, caller, jobs); });
    }
  }
  const std::size_t done = service.finish(jobs);
  base::Json figures = watch.figures(jobs);
  figures["done"] = done;
  return figures;
}

int run(int argc, char** argv) {
  if (argc < 4) throw std::invalid_argument{"bench_jobs URL CONTESTANT JOBS [RATE]"};
  const std::string url{argv[1]};
  const std::string_view contestant{argv[2]};
  const std::size_t jobs = std::strtoull(argv[3], nullptr, /*base=*/10);
  const std::size_t rate = argc > 4 ? std::strtoull(argv[4], nullptr, /*base=*/10) : 1;
  if (jobs == 0 || jobs % kCommitJobs != 0 || rate == 0) {
    throw std::invalid_argument{"JOBS is a multiple of " + std::to_string(kCommitJobs)};
  }
  base::Json figures;
  if (contestant == "engine") figures = run_engine(url, jobs);
  if (contestant == "bare") figures = run_bare(url, jobs);
  if (contestant == "paced-engine") figures = pace_engine(url, jobs, rate);
  if (contestant == "paced-rows") figures = pace_rows(url, jobs, rate);
  if (figures.is_null()) throw std::invalid_argument{"there is no such contestant"};
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
