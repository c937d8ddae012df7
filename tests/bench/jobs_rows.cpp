#include "base/wake_signal.hpp"
#include "bench/jobs_load.hpp"
#include "bench/jobs_paced.hpp"
#include "pg/connection.hpp"

#include <deque>
#include <stdexcept>
#include <thread>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* kTables = R"(
  create schema if not exists bench_rows;
  create table if not exists bench_rows.job (
    id bigint generated always as identity primary key,
    kind text not null,
    args json not null,
    worker bigint,
    leased_until timestamptz
  );
  create index if not exists job_ready on bench_rows.job (id) where worker is null;
  create table if not exists bench_rows.result (job_id bigint primary key, result json not null);
  create table if not exists bench_rows.event (
    id bigint generated always as identity primary key,
    cell text not null,
    subject text not null,
    data json not null,
    at timestamptz not null default now()
  ))";

constexpr pg::Statement kInsert{"rows_insert", R"(
  insert into bench_rows.job (kind, args) values ($1, $2::json))"};

constexpr pg::Statement kClaim{"rows_claim", R"(
  with ready as materialized (
    select id from bench_rows.job where worker is null
    order by id limit 512 for update skip locked
  )
  update bench_rows.job set worker = $1, leased_until = now() + interval '20 s'
  from ready where job.id = ready.id
  returning job.id, job.args)"};

constexpr pg::Statement kComplete{"rows_complete", R"(
  with ended as (
    delete from bench_rows.job where id = any ($1::bigint[])
  ), results as (
    insert into bench_rows.result select * from unnest($1::bigint[], $2::json[])
  )
  insert into bench_rows.event (cell, subject, data)
  select * from unnest($3::text[], $4::text[], $5::json[]))"};

struct Queue {
  std::string url;
  std::size_t jobs;
  Arrivals arrivals;
  Progress progress{};
  base::WakeSignal accepted{};
};

/// The columns of kComplete.
struct Ended {
  std::vector<std::int64_t> ids;
  std::vector<std::string> results, cells, subjects, datas;
};

void work(Queue& queue, std::int64_t worker) {
  pg::Connection connection{queue_connection(queue.url)};
  while (queue.progress.done() < queue.jobs) {
    Ended ended;
    for (const pg::Row row : connection.run(kClaim, worker)) {
      const auto n = base::Json::parse(row.get<std::string_view>(1)).at("n").get<std::size_t>();
      queue.arrivals.note_begun(n);
      ended.ids.push_back(row.get<std::int64_t>(0));
      ended.results.push_back(base::to_text(result_of_job(n)));
      ended.cells.push_back(cell_of_job(n).text());
      ended.subjects.push_back(std::to_string(ended.ids.back()));
      ended.datas.push_back(base::to_text(event_of_job(n)));
    }
    if (ended.ids.empty()) {
      queue.accepted.wait_for({}, 5ms);
      continue;
    }
    connection.run(kComplete, ended.ids, ended.results, ended.cells, ended.subjects, ended.datas);
    queue.progress.add(ended.ids.size());
  }
}

}  // namespace

base::Json pace_rows(const std::string& url, std::size_t jobs, std::size_t rate) {
  std::deque<pg::Connection> callers;
  for (std::size_t i = 0; i < Arrivals::kCallers; ++i) callers.emplace_back(queue_connection(url));
  callers.front().query(kTables);

  Queue queue{.url = url, .jobs = jobs, .arrivals = {jobs, rate}};
  const Stopwatch watch;
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < kWorkers; ++i) {
      workers.emplace_back([&queue, i] { work(queue, static_cast<std::int64_t>(i)); });
    }
    queue.arrivals.arrive([&](std::size_t caller, std::size_t n) {
      callers[caller].run(kInsert, kKind, args_of_job(n));
      queue.accepted.notify();
    });
  }
  return queue.arrivals.figures(watch.figures(jobs));
}

}  // namespace bench
