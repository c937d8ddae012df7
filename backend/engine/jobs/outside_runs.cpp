#include "engine/jobs/outside_runs.hpp"

#include "base/error.hpp"
#include "engine/jobs/piece_ids.hpp"
#include "engine/jobs/problems.hpp"
#include "engine/jobs/run_settler.hpp"
#include "engine/jobs/status_store.hpp"
#include "pg/transaction.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace engine::jobs {
namespace {

using std::chrono::milliseconds;

// Of the 6 s that one request may spend with the database; then there are fewer jobs than asked
// for.
constexpr std::chrono::seconds kClaimMax{2};

Claim claim_of(const RunLease& lease, const std::string& kind) {
  return {.batch = lease.batch, .kind = kind, .attempt = lease.attempt, .jobs = 1};
}

ClaimedRun run_of(const RunLease& lease, const std::string& kind) {
  return {.claim = claim_of(lease, kind),
          .job = {.id = lease.job, .kind = kind, .caller = {}, .args = {}}};
}

// Within what a run may show in all, as Run::add_partial() bounds it.
std::optional<wire::Problem> refused_pieces(const RunReports& before,
                                            const OutsideRuns::Progress& progress) {
  const auto first = progress.first_place.value_or(before.pieces + 1);
  std::size_t bytes = static_cast<std::size_t>(before.piece_bytes);
  for (std::size_t n = 0; n < progress.pieces.size(); ++n) {
    const bool is_new = first + static_cast<std::int32_t>(n) > before.pieces;
    if (is_new) bytes += progress.pieces[n].size();
  }
  const auto last = static_cast<std::size_t>(first - 1) + progress.pieces.size();
  if (first > before.pieces + 1) {
    return wire::problem::invalid_body(
        {{.pointer = "/first_place", .detail = "must not leave a place before it empty"}});
  }
  if (last <= Run::kPartialsMax && bytes <= Run::kPartialBytesMax) return std::nullopt;
  return wire::problem::invalid_body(
      {{.pointer = "/partial", .detail = "must be at most 1000 pieces of 256 KiB in sum, in all"}});
}

}  // namespace

OutsideRuns::OutsideRuns(const Parts& parts, std::vector<OutsideKind> kinds) : parts_{parts} {
  for (OutsideKind& kind : kinds) {
    std::string name = kind.name;
    kinds_.emplace(std::move(name), std::move(kind));
  }
}

const OutsideKind* OutsideRuns::find(const std::string& kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? nullptr : &found->second;
}

std::vector<OutsideRuns::Claimed> OutsideRuns::claim(const std::vector<std::string>& kinds,
                                                     int limit) const {
  std::vector<KindLimit> limits;
  milliseconds shortest = milliseconds::max();
  for (const std::string& name : kinds) {
    const OutsideKind& kind = kinds_.at(name);
    limits.push_back({.kind = name, .running_max = kind.limits.running_max});
    shortest = std::min<milliseconds>(shortest, kind.lease);
  }
  std::vector<Claimed> claimed;
  const auto connection = parts_.queue.acquire();
  const auto until = std::chrono::steady_clock::now() + kClaimMax;
  try {
    while (std::ssize(claimed) < limit && std::chrono::steady_clock::now() < until) {
      auto next = claim_one(*connection, limits, shortest);
      if (!next) break;
      claimed.push_back(*std::move(next));
    }
  } catch (const base::TransientError&) {
    // What is leased already is given to the worker; nobody else would carry it out for a while.
    if (claimed.empty()) throw;
  }
  return claimed;
}

std::optional<OutsideRuns::Claimed> OutsideRuns::claim_one(pg::Connection& connection,
                                                           const std::vector<KindLimit>& limits,
                                                           milliseconds shortest) const {
  const auto worker = parts_.ids.next();
  if (!worker) throw base::TransientError{"no node number is leased"};
  // Which kind it will be is not known before; a longer lease follows.
  auto run = claim_run(connection, parts_.ids, {worker->value}, limits, shortest);
  if (!run) return std::nullopt;
  const OutsideKind& kind = kinds_.at(run->claim.kind);
  const auto now = parts_.clock.wall();
  const RunLease lease{.job = run->job.id,
                       .batch = run->claim.batch,
                       .attempt = run->claim.attempt,
                       .worker = {worker->value},
                       .ends_at = now + kind.limits.time_limit};
  Claimed claimed{.job = std::move(run->job),
                  .lease = lease,
                  .leased_until = now + shortest,
                  .renewed_for = kind.lease};
  // It is leased: whatever fails from here on, the worker must hear of it.
  try {
    if (kind.lease > shortest) {
      const auto renewed = renew(connection, lease, kind);
      if (renewed) claimed.leased_until = renewed->leased_until;
    }
    publish_status(connection, lease.job, parts_.statuses);
  } catch (const base::TransientError&) {
    // The lease is a shorter one, and who follows the job hears of it at its next step.
  }
  return claimed;
}

base::Result<const OutsideKind*, wire::Problem> OutsideRuns::kind_of(const RunLease& lease) const {
  const auto status = find_job(*parts_.queue.acquire(), lease.job);
  const OutsideKind* const kind = status ? find(status->kind) : nullptr;
  if (kind == nullptr) return base::fail(problem::lease_lost());
  return kind;
}

base::Result<OutsideRuns::Standing, wire::Problem> OutsideRuns::extend(
    const RunLease& lease) const {
  const auto connection = parts_.queue.acquire();
  const OutsideKind* const kind = held_kind(*connection, lease);
  if (kind == nullptr) return base::fail(problem::lease_lost());
  return renew(*connection, lease, *kind);
}

base::Result<OutsideRuns::Standing, wire::Problem> OutsideRuns::report(
    const RunLease& lease, const Progress& progress) const {
  const auto connection = parts_.queue.acquire();
  const OutsideKind* const kind = held_kind(*connection, lease);
  if (kind == nullptr) return base::fail(problem::lease_lost());
  const ClaimedRun run = run_of(lease, kind->name);
  {
    pg::Transaction tx{*connection};
    // Locked, so that of two reports at once the second counts what the first has stored.
    if (!lock_run(tx, lease.worker, run)) return base::fail(problem::lease_lost());
    const RunReports before = read_reports(tx, lease.job);
    if (auto refused = refused_pieces(before, progress)) return base::fail(*std::move(refused));
    const Run::Report report{.number = before.last + 1,
                             .percent = progress.percent,
                             .note = progress.note,
                             .first_place = progress.first_place.value_or(before.pieces + 1),
                             .pieces = progress.pieces};
    if (!report_run(tx, lease.worker, run, report)) return base::fail(problem::lease_lost());
    tx.commit();
  }
  publish_status(*connection, lease.job, parts_.statuses);
  return renew(*connection, lease, *kind);
}

std::optional<wire::Problem> OutsideRuns::complete(const RunLease& lease,
                                                   const Completed& completed) const {
  const auto connection = parts_.queue.acquire();
  const OutsideKind* const kind = held_kind(*connection, lease);
  const Finished finished{.outcome = completed};
  if (kind == nullptr ||
      !complete_run(*connection, lease.worker, claim_of(lease, kind->name), finished)) {
    if (is_stored(*connection, lease, completed)) return std::nullopt;
    return problem::lease_lost();
  }
  parts_.appended.notify();
  tell(*connection, lease.job);
  return std::nullopt;
}

std::optional<wire::Problem> OutsideRuns::fail(const RunLease& lease, const Failed& failed) const {
  const auto connection = parts_.queue.acquire();
  const OutsideKind* const kind = held_kind(*connection, lease);
  if (kind == nullptr) return problem::lease_lost();
  FailedAttempt attempt{.problem = wire::to_json(failed.problem), .retry_in = std::nullopt};
  if (failed.is_retried) {
    attempt.retry_in =
        failed.retry_in ? *failed.retry_in
                        : kind->limits.retry.delay_after(lease.attempt, RetryPolicy::any_chance());
  }
  if (!fail_batch(*connection,
                  lease.worker,
                  claim_of(lease, kind->name),
                  attempt,
                  make_piece_ids(parts_.ids, kSplitPieces))) {
    return problem::lease_lost();
  }
  tell(*connection, lease.job);
  return std::nullopt;
}

std::optional<wire::Problem> OutsideRuns::give_back(const RunLease& lease) const {
  const auto connection = parts_.queue.acquire();
  const OutsideKind* const kind = held_kind(*connection, lease);
  if (kind == nullptr) return problem::lease_lost();
  if (leave_run(*connection, lease.worker, run_of(lease, kind->name)) == LeftRun::kLost) {
    return problem::lease_lost();
  }
  tell(*connection, lease.job);
  return std::nullopt;
}

std::optional<JobStatus> OutsideRuns::status(const RunLease& lease) const {
  return find_job(*parts_.queue.acquire(), lease.job);
}

base::Result<OutsideRuns::Standing, wire::Problem> OutsideRuns::renew(
    pg::Connection& connection, const RunLease& lease, const OutsideKind& kind) const {
  const auto now = parts_.clock.wall();
  if (now >= lease.ends_at) {
    const auto chance = RetryPolicy::any_chance();
    const FailedAttempt late{.problem = wire::to_json(problem::time_limit()),
                             .retry_in = kind.limits.retry.delay_after(lease.attempt, chance)};
    const auto pieces = make_piece_ids(parts_.ids, kSplitPieces);
    if (fail_batch(connection, lease.worker, claim_of(lease, kind.name), late, pieces)) {
      tell(connection, lease.job);
    }
    return base::fail(problem::lease_lost());
  }
  const auto left = std::chrono::ceil<milliseconds>(lease.ends_at - now);
  const auto length = std::min<milliseconds>(kind.lease, left);
  const std::array claims{claim_of(lease, kind.name)};
  if (renew_runs(connection, lease.worker, claims, length).empty()) {
    return base::fail(problem::lease_lost());
  }
  const bool is_asked = !find_asked_to_stop(connection, {lease.job.value()}).empty();
  return Standing{.leased_until = now + length, .is_asked_to_stop = is_asked};
}

// Null: the lease was lost, or is of a job that nobody outside carries out.
const OutsideKind* OutsideRuns::held_kind(pg::Connection& connection, const RunLease& lease) const {
  const auto kind = find_held_kind(connection, lease.worker, run_of(lease, {}));
  return kind ? find(*kind) : nullptr;
}

// An attempt that was given back is counted once more, by another worker: so the result tells.
bool OutsideRuns::is_stored(pg::Connection& connection,
                            const RunLease& lease,
                            const Completed& completed) const {
  const auto status = find_job(connection, lease.job);
  return status && find(status->kind) != nullptr && status->state == JobState::kCompleted &&
         status->attempt == lease.attempt && status->result == base::to_text(completed.result);
}

void OutsideRuns::tell(pg::Connection& connection, wire::JobId job) const {
  parts_.ready.notify();
  publish_status(connection, job, parts_.statuses);
}

}  // namespace engine::jobs
