#include "job_process.hpp"

#include "base/guarded.hpp"
#include "base/pause.hpp"
#include "engine/jobs/janitor.hpp"
#include "engine/jobs/long_workers.hpp"
#include "jobs_case.hpp"
#include "support/inserted.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace jobs_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kDatabase = "JOB_PROCESS_DATABASE_URL";
constexpr auto kJobs = "JOB_PROCESS_JOBS";
constexpr auto kFile = "JOB_PROCESS_FILE";
constexpr auto kClaimBytes = "JOB_PROCESS_CLAIM_BYTES";
constexpr auto kLease = 1'000ms;

base::ChildOptions child_options(const std::string& database_url,
                                 const JobProcess::Options& options,
                                 const std::filesystem::path& folder) {
  const auto variable = [](const char* name, const std::string& value) {
    return std::string{name} + "=" + value;
  };
  base::ChildOptions child;
  child.environment.push_back(variable(kDatabase, database_url));
  child.environment.push_back(variable(kJobs, std::to_string(options.jobs)));
  child.environment.push_back(variable(kClaimBytes, std::to_string(options.claim_bytes)));
  child.environment.push_back(variable(kFile, folder / "confirmed"));
  if (!options.fail_point.empty()) {
    child.environment.push_back(variable("EARSHOT_FAIL_POINT", options.fail_point));
  }
  child.log_file = folder / "log";
  child.death_signal = SIGKILL;
  child.stop_steps = {};
  return child;
}

const char* tag_of(JobProcess::Role role) {
  return role == JobProcess::Role::kWorker ? "[job-worker-process]" : "[job-accepter-process]";
}

std::string needed(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string{} : value;
}

/// The surroundings of an engine, as one process has them.
struct Surroundings {
  explicit Surroundings(const std::string& url)
      : pool{options_for(url), {.connections_max = 24}, log}, ids{pool, clock, log} {}

  static pg::ConnectionOptions options_for(const std::string& url) {
    pg::ConnectionOptions options;
    options.url = url;
    options.pin_planner = true;
    options.idle_in_transaction_timeout = kLease / 2;
    options.tcp_user_timeout = kLease;
    return options;
  }

  base::SystemClock clock;
  base::Log log{base::LogFormat::kText, base::LogLevel::kWarning};
  base::WakeSignal accepted;
  base::WakeSignal ready;
  base::WakeSignal appended;
  pg::Pool pool;
  engine::jobs::NodeLease ids;
};

// As if PostgreSQL had run out of memory: it ends all its processes, and recovers.
std::vector<engine::jobs::Outcome> crash_database(std::span<const engine::jobs::Job> jobs,
                                                  pg::Transaction& tx) {
  const auto pid = tx.query("select pg_backend_pid()").one().get<std::int32_t>(0);
  ::kill(pid, SIGKILL);
  return act(jobs, tx);
}

class LongEffect final : public engine::jobs::LongHandler {
 public:
  std::optional<engine::jobs::Finished> handle(engine::jobs::Run& run) const override {
    run.progress(50, "half");
    run.add_partial({{"half", true}});
    const engine::jobs::Job job = run.job();
    return engine::jobs::Finished{
        .outcome = effect_of(job), .store = [job](pg::Transaction& tx) {
          tx.query("insert into effect values (" + std::to_string(job.id.value()) + ")");
        }};
  }
};

}  // namespace

JobProcess::JobProcess(const std::string& database_url, const Options& options)
    : process_{{std::filesystem::read_symlink("/proc/self/exe").string(), tag_of(options.role)},
               child_options(database_url, options, folder_.path())} {}

bool JobProcess::dies_of(int signal, std::chrono::seconds limit) {
  const auto status = process_.wait_for(limit);
  return status && status->signal == signal;
}

bool JobProcess::ends_well(std::chrono::seconds limit) {
  const auto status = process_.wait_for(limit);
  return status && status->is_success();
}

bool JobProcess::is_stopped() const {
  std::ifstream file{"/proc/" + std::to_string(process_.pid()) + "/stat"};
  std::string number;
  std::string name;
  std::string state;
  file >> number >> name >> state;
  return state == "T";
}

Confirmed JobProcess::confirmed() const {
  Confirmed all;
  std::ifstream file{folder_.path() / "confirmed"};
  std::string key;
  std::string id;
  while (file >> key >> id) all[key] = id;
  return all;
}

std::string JobProcess::log() const {
  return support::content_of(folder_.path() / "log");
}

}  // namespace jobs_test

TEST_CASE("jobs are carried out until their process is killed", "[.][job-worker-process]") {
  using namespace jobs_test;
  const std::string url = needed(kDatabase);
  if (url.empty()) return;
  Surroundings here{url};
  engine::jobs::HandlerRegistry handlers;
  const engine::jobs::RetryPolicy soon{.first = 5ms, .longest = 20ms};
  handlers.add(JobsCase::kKind, handler(act), soon);
  handlers.add(kPoisonKind,
               handler([](auto, auto&) -> std::vector<engine::jobs::Outcome> {
                 throw std::runtime_error{"poison"};
               }),
               soon);
  handlers.add(kAbortKind,
               handler([](auto, auto&) -> std::vector<engine::jobs::Outcome> { std::abort(); }),
               soon);
  handlers.add(kCrashKind, handler(crash_database), soon);
  handlers.add_long(kLongKind, std::make_unique<LongEffect>(), {.running_max = 8, .retry = soon});

  const engine::jobs::Janitor janitor{
      here.pool,
      here.ids,
      here.accepted,
      here.log,
      {.promote_every = 10ms, .rescue_every = 50ms, .transaction_max = 3 * kLease}};
  engine::jobs::WorkGate gate{50ms};
  engine::jobs::WorkerOptions options{.budget = {.jobs_max = 64, .lease = 1s}, .gate = &gate};
  if (const int bytes = std::stoi(needed(kClaimBytes)); bytes > 0) {
    options.budget.jobs_max = bytes;
    options.budget.bytes_max = bytes;
  }
  const engine::jobs::Worker first{
      here.pool, handlers, here.ids, here.accepted, here.appended, here.log, options};
  const engine::jobs::Worker second{
      here.pool, handlers, here.ids, here.accepted, here.appended, here.log, options};
  const engine::jobs::LongWorkers long_workers{{.queue = here.pool,
                                                .database = here.pool,
                                                .handlers = handlers,
                                                .ids = here.ids,
                                                .ready = here.ready,
                                                .appended = here.appended,
                                                .log = here.log},
                                               {.lease = kLease, .poll = 20ms}};
  while (true) base::pause({}, 1h);
}

TEST_CASE("jobs are accepted, and each that is confirmed is noted", "[.][job-accepter-process]") {
  using namespace jobs_test;
  const std::string url = needed(kDatabase);
  if (url.empty()) return;
  Surroundings here{url};
  engine::jobs::BatchInserter inserter{here.pool, here.ids, here.accepted, here.log};
  base::Guarded<std::ofstream> file{std::ofstream{needed(kFile), std::ios::app}};
  const int jobs = std::stoi(needed(kJobs));
  constexpr int kThreads = 8;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int n = thread; n < jobs; n += kThreads) {
        auto spec = JobsCase::spec(n);
        const std::string key = "key-" + std::to_string(n);
        spec.idempotency_key = key;
        // As a client does: until it is told.
        auto accepted = support::insert(inserter, spec);
        while (!accepted) accepted = support::insert(inserter, spec);
        file.with([&](std::ofstream& out) {
          out << key << ' ' << accepted->status.id.text() << std::endl;
        });
      }
    });
  }
}
