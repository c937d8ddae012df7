#include "bench/jobs_bare.hpp"

#include "base/check.hpp"
#include "base/wake_signal.hpp"
#include "bench/jobs_load.hpp"
#include "engine/jobs/accept_store.hpp"
#include "engine/jobs/job_store.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/outbox/event.hpp"
#include "pg/parameters.hpp"
#include "pg/transaction.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <stop_token>
#include <thread>

namespace bench {
namespace {

using namespace std::chrono_literals;
using engine::jobs::BatchId;

constexpr const char* kBareKind = "bench.bare";

using Texts = std::vector<std::string>;

pg::Statement named(std::span<const pg::Statement> statements, std::string_view name) {
  for (const auto& statement : statements) {
    if (statement.name == name) return statement;
  }
  throw std::logic_error{"the stores have no statement " + std::string{name}};
}

template <class... Values>
Texts texts(const Values&... values) {
  Texts all;
  const pg::Parameters parameters{values...};
  for (const auto& text : parameters.texts()) all.push_back(*text);
  return all;
}

/// One batch, ready to be sent.
struct Sendable {
  std::int64_t id{0};
  Texts accept;
  Texts complete;
};

Texts accept_texts(BatchId batch, std::size_t first) {
  std::vector<std::int64_t> ids;
  Texts args;
  for (std::size_t i = 0; i < kCommitJobs; ++i) {
    ids.push_back(batch.job(i).value());
    args.push_back(args_of_job(first + i));
  }
  const auto bytes = static_cast<std::int32_t>(kCommitJobs * args.front().size());
  return texts(std::vector{batch.value},
               Texts{kBareKind},
               std::vector<std::int16_t>{0},
               std::vector{static_cast<std::int32_t>(kCommitJobs)},
               std::vector{bytes},
               ids,
               Texts(kCommitJobs, kBareKind),
               Texts(kCommitJobs, "own-somebody"),
               args,
               std::vector<std::int16_t>(kCommitJobs, 5),
               std::vector<std::optional<std::string>>(kCommitJobs),
               std::vector<std::optional<std::string>>(kCommitJobs));
}

Texts complete_texts(BatchId batch, std::size_t first) {
  std::vector<std::int64_t> ids;
  Texts results, subjects, cells, datas;
  for (std::size_t i = 0; i < kCommitJobs; ++i) {
    ids.push_back(batch.job(i).value());
    results.push_back(base::to_text(result_of_job(first + i)));
    subjects.push_back(batch.job(i).text());
    cells.push_back(cell_of_job(first + i).text());
    datas.push_back(base::to_text(event_of_job(first + i)));
  }
  return texts(std::vector{batch.value},
               ids,
               std::vector<std::int16_t>(kCommitJobs, 1),
               Texts(kCommitJobs, "completed"),
               results,
               std::vector<std::optional<std::string>>(kCommitJobs),
               Texts(kCommitJobs, "bench"),
               Texts(kCommitJobs, kEventType),
               subjects,
               cells,
               datas,
               std::vector<std::optional<std::string>>(kCommitJobs),
               std::vector<std::optional<std::string>>(kCommitJobs));
}

// Arrays as text: {a,b} and {c} are {a,b,c}.
void append(Texts& all, const Texts& more) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].back() = ',';
    all[i].append(more[i], /*pos=*/1);
  }
}

/// The statements, each with its texts.
class Driver {
 public:
  explicit Driver(const std::string& url) : connection_{queue_connection(url)} {}

  void accept(const Texts& t) {
    connection_.run(
        accept_, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11]);
  }

  /// The ids of the claimed batches.
  std::vector<std::int64_t> claim(std::int64_t worker) {
    const engine::jobs::ClaimBudget budget;
    std::vector<std::int64_t> ids;
    for (const pg::Row row : connection_.run(claim_,
                                             worker,
                                             Texts{kBareKind},
                                             budget.jobs_max,
                                             budget.bytes_max,
                                             "20 s",
                                             budget.is_careful)) {
      ids.push_back(row.get<std::int64_t>(0));
    }
    return ids;
  }

  void complete(std::int64_t worker, const std::vector<std::int64_t>& ids, const Texts& t) {
    pg::Transaction tx{connection_};
    const auto [first, last] = std::minmax_element(ids.begin(), ids.end());
    tx.run(lock_,
           ids,
           std::vector<std::int16_t>(ids.size(), 1),
           worker,
           BatchId{*first}.job(0).value(),
           BatchId{*last}.job(BatchId::kJobsMax - 1).value());
    tx.run_and_commit(
        complete_, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], t[12]);
  }

 private:
  const pg::Statement accept_{named(engine::jobs::accept_store_statements(), "accept")};
  const pg::Statement claim_{named(engine::jobs::job_store_statements(), "job_claim")};
  const pg::Statement lock_{named(engine::jobs::job_store_statements(), "job_lock_ranges")};
  const pg::Statement complete_{named(engine::jobs::job_store_statements(), "job_complete")};
  pg::Connection connection_;
};

using ById = std::map<std::int64_t, Sendable>;

// Until all is done, or accepting has failed.
void work(const std::stop_token& stop,
          const std::string& url,
          std::int64_t worker,
          const ById& batches,
          std::size_t jobs,
          base::WakeSignal& accepted,
          Progress& progress) {
  Driver driver{url};
  while (progress.done() < jobs && !stop.stop_requested()) {
    const auto ids = driver.claim(worker);
    if (ids.empty()) {
      accepted.wait_for({}, 5ms);
      continue;
    }
    Texts all = batches.at(ids.front()).complete;
    for (std::size_t i = 1; i < ids.size(); ++i) append(all, batches.at(ids[i]).complete);
    driver.complete(worker, ids, all);
    progress.add(ids.size() * kCommitJobs);
  }
}

std::int64_t next_id(engine::jobs::NodeLease& ids) {
  const auto id = ids.next();
  if (!id) throw std::runtime_error{"no node number could be leased"};
  return id->value;
}

}  // namespace

base::Json run_bare(const std::string& url, std::size_t jobs) {
  const base::SystemClock clock;
  const base::Log log{base::LogFormat::kText, base::LogLevel::kWarning};
  pg::Pool pool{queue_connection(url), {.connections_max = 2}, log};
  engine::jobs::NodeLease ids{pool, clock, log};
  ById batches;
  for (std::size_t first = 0; first < jobs; first += kCommitJobs) {
    const BatchId id{next_id(ids)};
    batches[id.value] = {id.value, accept_texts(id, first), complete_texts(id, first)};
  }

  base::WakeSignal accepted;
  Progress progress;
  const Stopwatch watch;
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < kWorkers; ++i) {
      workers.emplace_back([&, worker = next_id(ids)](const std::stop_token& stop) {
        work(stop, url, worker, batches, jobs, accepted, progress);
      });
    }
    Driver driver{url};
    for (const auto& [id, batch] : batches) {
      driver.accept(batch.accept);
      accepted.notify();
    }
    progress.wait_for(jobs, 300s);
  }
  return watch.figures(progress.done());
}

}  // namespace bench
