#include "engine/jobs/job_store.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace engine::jobs {
namespace {

constexpr pg::Statement kClaim{"job_claim", R"(
  select batch_id, batch_kind, batch_attempt, batch_jobs, batch_bytes
  from engine.claim($1, $2, $3, $4, $5::interval, $6))"};

constexpr pg::Statement kIsAnyApart{"job_is_any_apart", R"(
  select exists (
    select from engine.batch b
    where b.worker is null and b.is_apart and b.kind = any ($1)
      and not exists (select from engine.paused_kind p where p.kind = b.kind)))"};

constexpr pg::Statement kClaimApart{"job_claim_apart", R"(
  select batch_id, batch_kind, batch_attempt, batch_jobs, 0
  from engine.claim_apart($1, $2, $3::interval))"};

// Most batches are a range of ids. $4 and $5 are the first and the last that any of them may have,
// so that only the days of these are opened: 70 instead of 120 us for one job. A locked batch
// without open jobs still yields its one row, so that it is deleted.
//
// Batches are looked up by id, whatever the planner believes: a plan that was made while no batch
// waited, and walks through all, would stay while millions do.
constexpr pg::Statement kLockRanges{"job_lock_ranges", R"(
  with mine as materialized (
    select b.id, b.jobs, b.attempt
    from engine.batch b
    where b.id = any ($1::bigint[]) and b.worker = $3 and b.job_ids is null
      and b.attempt = ($2::smallint[])[array_position($1::bigint[], b.id)]
    order by b.id
    for update of b
  )
  select mine.id as batch_id, mine.attempt, job.id, job.kind, job.caller, job.args,
         job.max_attempts, coalesce(job.accept_order, 0) as accept_order,
         job.traceparent, job.request_id,
         (extract(epoch from job.accepted_at) * 1000)::bigint as accepted_at_ms,
         (extract(epoch from now()) * 1000)::bigint as now_ms
  from mine
  left join engine.job on
    job.id between mine.id << 12 and (mine.id << 12) + mine.jobs - 1
    and job.id between $4 and $5
    and not exists (
      select 1 from engine.result r where r.job_id = job.id and r.job_id between $4 and $5)
  order by job.id)"};

// The others are lists: what was split, put off or sent round again.
constexpr pg::Statement kLockLists{"job_lock_lists", R"(
  with mine as materialized (
    select b.id, b.job_ids, b.attempt
    from engine.batch b
    where b.id = any ($1::bigint[]) and b.worker = $3 and b.job_ids is not null
      and b.attempt = ($2::smallint[])[array_position($1::bigint[], b.id)]
    order by b.id
    for update of b
  )
  select mine.id as batch_id, mine.attempt, job.id, job.kind, job.caller, job.args,
         job.max_attempts, coalesce(job.accept_order, 0) as accept_order,
         job.traceparent, job.request_id,
         (extract(epoch from job.accepted_at) * 1000)::bigint as accepted_at_ms,
         (extract(epoch from now()) * 1000)::bigint as now_ms,
         detour.redrives, detour.snoozes, detour.attempts_before
  from mine
  left join engine.job on
    job.id = any (mine.job_ids)
    and not exists (select 1 from engine.result r where r.job_id = job.id)
  left join engine.detour on detour.job_id = job.id
  order by job.id)"};

constexpr pg::Statement kComplete{"job_complete", R"(
  select engine.complete($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13))"};

constexpr pg::Statement kSnooze{"job_snooze", "select engine.snooze($1, $2, $3, $4::interval[])"};

constexpr pg::Statement kFail{"job_fail", R"(
  select engine.fail($1, $2, $3, $4, $5::json, $6::interval))"};

constexpr pg::Statement kGiveBack{"job_give_back", "select engine.give_back($1, $2, $3)"};

constexpr pg::Statement kSetApart{"job_set_apart", "select engine.set_claim_apart($1, $2, $3, $4)"};

constexpr pg::Statement kRescue{"job_rescue",
                                "select is_any, ended_job from engine.rescue($1, $2::json)"};

constexpr pg::Statement kEndOld{"job_end_old", "select engine.end_old_transactions($1::interval)"};

constexpr pg::Statement kPromote{"job_promote", "select engine.promote($1)"};

std::string milliseconds_text(std::chrono::milliseconds length) {
  return std::to_string(length.count()) + " ms";
}

JobStatus::Time time_of(std::int64_t milliseconds) {
  return JobStatus::Time{std::chrono::milliseconds{milliseconds}};
}

/// The columns of engine.complete's results and events.
struct Ended {
  std::vector<std::int64_t> ids;
  std::vector<std::int16_t> attempts;
  std::vector<std::string> states;
  std::vector<std::optional<std::string>> results;
  std::vector<std::optional<std::string>> problems;

  void add(const Job& job, const char* state) {
    ids.push_back(job.id.value());
    attempts.push_back(static_cast<std::int16_t>(job.attempt));
    states.emplace_back(state);
    results.emplace_back();
    problems.emplace_back();
  }
};

struct Appended {
  std::vector<std::string> sources;
  std::vector<std::string> types;
  std::vector<std::string> subjects;
  std::vector<std::string> cells;
  std::vector<std::string> datas;
  std::vector<std::optional<std::string>> traceparents;
  std::vector<std::optional<std::string>> request_ids;

  void add(const std::string& source, const outbox::Event& event, const Job& job) {
    traceparents.push_back(job.traceparent);
    request_ids.push_back(job.request_id);
    sources.push_back(source);
    types.push_back(event.type);
    subjects.push_back(event.subject);
    cells.push_back(event.cell.text());
    datas.push_back(base::to_text(event.data));
    if (datas.back().size() > outbox::kDataBytesMax) {
      throw std::length_error{"an event's data is larger than 32 KiB"};
    }
  }
};

/// The columns of engine.snooze.
struct PutOff {
  std::vector<std::int64_t> ids;
  std::vector<std::int16_t> attempts;
  std::vector<std::string> delays;

  void add(const Job& job, std::chrono::milliseconds delay) {
    if (delay < std::chrono::milliseconds{0} || delay > kSnoozeMax) {
      throw std::out_of_range{"a job can be snoozed for 0 to 30 days"};
    }
    ids.push_back(job.id.value());
    attempts.push_back(static_cast<std::int16_t>(job.attempt));
    delays.push_back(std::to_string(delay.count()) + " ms");
  }
};

/// What claims are recognised by, with their worker.
struct Fences {
  std::vector<std::int64_t> ids;
  std::vector<std::int16_t> attempts;
};

Fences fences_of(std::span<const Claim> claims) {
  Fences fences;
  for (const Claim& claim : claims) {
    fences.ids.push_back(claim.batch.value);
    fences.attempts.push_back(claim.attempt);
  }
  return fences;
}

std::vector<Claim> claims_of(const pg::Rows& rows) {
  std::vector<Claim> claims;
  for (const pg::Row row : rows) {
    claims.push_back({.batch = {row.get<std::int64_t>(0)},
                      .kind = row.get<std::string>(1),
                      .attempt = row.get<std::int16_t>(2),
                      .jobs = row.get<std::int32_t>(3),
                      .bytes = row.get<std::int32_t>(4)});
  }
  return claims;
}

/// Adds what a row of the two locks says, each batch once. Null: it holds no open job.
Job* add_locked(WorkInHand& work, const pg::Row& row) {
  const auto batch = row.get<std::int64_t>("batch_id");
  const auto place = std::lower_bound(work.batches.begin(), work.batches.end(), batch);
  if (place == work.batches.end() || *place != batch) work.batches.insert(place, batch);
  work.locked_at = time_of(row.get<std::int64_t>("now_ms"));
  if (row.is_null("id")) return nullptr;
  work.jobs.push_back({.id = wire::JobId{row.get<std::int64_t>("id")},
                       .kind = row.get<std::string>("kind"),
                       .caller = row.get<std::string>("caller"),
                       .args = base::Json::parse(row.get<std::string_view>("args")),
                       .attempt = row.get<std::int16_t>("attempt"),
                       .max_attempts = row.get<std::int16_t>("max_attempts"),
                       .accepted_at = time_of(row.get<std::int64_t>("accepted_at_ms")),
                       .accept_order = row.get<std::int64_t>("accept_order"),
                       .traceparent = row.get<std::optional<std::string>>("traceparent"),
                       .request_id = row.get<std::optional<std::string>>("request_id")});
  return &work.jobs.back();
}

constexpr std::array kStatements{kClaim,
                                 kIsAnyApart,
                                 kClaimApart,
                                 kEndOld,
                                 kLockRanges,
                                 kLockLists,
                                 kComplete,
                                 kSnooze,
                                 kFail,
                                 kSetApart,
                                 kGiveBack,
                                 kRescue,
                                 kPromote};

}  // namespace

std::span<const pg::Statement> job_store_statements() {
  return kStatements;
}

std::vector<Claim> claim_batches(pg::Connection& connection,
                                 WorkerId worker,
                                 const std::vector<std::string>& kinds,
                                 const ClaimBudget& budget) {
  return claims_of(connection.run(kClaim,
                                  worker.value,
                                  kinds,
                                  budget.jobs_max,
                                  budget.bytes_max,
                                  milliseconds_text(budget.lease),
                                  budget.is_careful));
}

bool is_any_apart(pg::Connection& connection, const std::vector<std::string>& kinds) {
  return connection.run(kIsAnyApart, kinds).one().get<bool>(0);
}

std::vector<Claim> claim_apart(pg::Connection& connection,
                               WorkerId worker,
                               const std::vector<std::string>& kinds,
                               std::chrono::milliseconds lease) {
  return claims_of(connection.run(kClaimApart, worker.value, kinds, milliseconds_text(lease)));
}

WorkInHand lock_work(pg::Transaction& tx, WorkerId worker, std::span<const Claim> claims) {
  base::check(!claims.empty(), "there is work to lock");
  const Fences fences = fences_of(claims);
  const auto [first, last] = std::minmax_element(fences.ids.begin(), fences.ids.end());
  WorkInHand work;
  for (const pg::Row row : tx.run(kLockRanges,
                                  fences.ids,
                                  fences.attempts,
                                  worker.value,
                                  BatchId{*first}.job(0).value(),
                                  BatchId{*last}.job(BatchId::kJobsMax - 1).value())) {
    add_locked(work, row);
  }
  if (work.batches.size() == claims.size()) return work;

  for (const pg::Row row : tx.run(kLockLists, fences.ids, fences.attempts, worker.value)) {
    Job* job = add_locked(work, row);
    if (job == nullptr || row.is_null("redrives")) continue;
    job->max_attempts += row.get<std::int16_t>("attempts_before");
    job->redrives = row.get<std::int16_t>("redrives");
    job->snoozes = row.get<std::int32_t>("snoozes");
  }
  return work;
}

void complete_and_commit(pg::Transaction& tx,
                         const WorkInHand& work,
                         std::span<const Outcome> outcomes,
                         const std::string& source) {
  base::check(outcomes.size() == work.jobs.size(), "there is one outcome per job");
  Ended ended;
  Appended appended;
  PutOff put_off;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (const auto* completed = std::get_if<Completed>(&outcomes[i])) {
      ended.add(work.jobs[i], "completed");
      ended.results.back() = base::to_text(completed->result);
      if (ended.results.back()->size() > kResultBytesMax) {
        throw std::length_error{"the result of a job is larger than 1 MiB"};
      }
      for (const outbox::Event& event : completed->events) {
        appended.add(source, event, work.jobs[i]);
      }
    } else if (const auto* discarded = std::get_if<Discarded>(&outcomes[i])) {
      ended.add(work.jobs[i], "discarded");
      ended.problems.back() = base::to_text(wire::to_json(discarded->problem));
    } else {
      put_off.add(work.jobs[i], std::get<Snoozed>(outcomes[i]).delay);
    }
  }
  // A round trip of its own, which nobody pays who does not snooze.
  if (!put_off.ids.empty()) {
    tx.run(kSnooze, work.batches, put_off.ids, put_off.attempts, put_off.delays);
  }
  tx.run_and_commit(kComplete,
                    work.batches,
                    ended.ids,
                    ended.attempts,
                    ended.states,
                    ended.results,
                    ended.problems,
                    appended.sources,
                    appended.types,
                    appended.subjects,
                    appended.cells,
                    appended.datas,
                    appended.traceparents,
                    appended.request_ids);
}

std::optional<wire::JobId> fail_batch(pg::Connection& connection,
                                      WorkerId worker,
                                      const Claim& claim,
                                      const FailedAttempt& failed,
                                      const std::vector<std::int64_t>& piece_ids) {
  std::optional<std::string> retry_in;
  if (failed.retry_in) retry_in = milliseconds_text(*failed.retry_in);
  const auto ended = connection
                         .run(kFail,
                              claim.batch.value,
                              claim.attempt,
                              worker.value,
                              piece_ids,
                              base::to_text(failed.problem),
                              retry_in)
                         .one()
                         .get<std::optional<std::int64_t>>(0);
  return ended ? std::optional{wire::JobId{*ended}} : std::nullopt;
}

bool set_apart(pg::Connection& connection,
               WorkerId worker,
               const Claim& claim,
               const std::vector<std::int64_t>& piece_ids) {
  return connection.run(kSetApart, claim.batch.value, claim.attempt, worker.value, piece_ids)
      .one()
      .get<bool>(0);
}

int give_back_claims(pg::Connection& connection, WorkerId worker, std::span<const Claim> claims) {
  const Fences fences = fences_of(claims);
  return connection.run(kGiveBack, fences.ids, fences.attempts, worker.value)
      .one()
      .get<std::int32_t>(0);
}

Rescued rescue_batch(pg::Connection& connection,
                     const base::Json& problem,
                     const std::vector<std::int64_t>& piece_ids) {
  const pg::Rows rows = connection.run(kRescue, piece_ids, base::to_text(problem));
  const pg::Row row = rows.one();
  const auto ended = row.get<std::optional<std::int64_t>>("ended_job");
  return {.is_any = row.get<bool>("is_any"),
          .job = ended ? std::optional{wire::JobId{*ended}} : std::nullopt};
}

int promote_due(pg::Connection& connection, const std::vector<std::int64_t>& batch_ids) {
  return connection.run(kPromote, batch_ids).one().get<std::int32_t>(0);
}

int end_old_transactions(pg::Connection& connection, std::chrono::milliseconds age_max) {
  return connection.run(kEndOld, milliseconds_text(age_max)).one().get<std::int32_t>(0);
}

}  // namespace engine::jobs
