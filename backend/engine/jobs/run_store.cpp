#include "engine/jobs/run_store.hpp"

#include "base/check.hpp"
#include "engine/jobs/piece_ids.hpp"
#include "pg/transaction.hpp"

#include <array>

namespace engine::jobs {
namespace {

constexpr pg::Statement kClaim{"run_claim", R"(
  select run.outcome, run.batch_id, run.batch_attempt, run.id, run.kind, run.caller, run.args,
         run.max_attempts, run.accept_order, run.redrives, run.snoozes,
         j.traceparent, j.request_id,
         (extract(epoch from run.accepted_at) * 1000)::bigint as accepted_at_ms
  from engine.claim_run($1, $2, $3, $4, $5::interval) as run
  left join engine.job j on j.id = run.id)"};

constexpr pg::Statement kRenew{"run_renew", "select engine.renew_runs($1, $2, $3, $4::interval)"};

constexpr pg::Statement kFindAsked{"run_find_asked", R"(
  select job_id from engine.run where job_id = any ($1) and stop_requested_at is not null)"};

constexpr pg::Statement kReport{
    "run_report", "select engine.report_run($1, $2, $3, $4, $5, $6, $7, $8, $9::json[])"};

constexpr pg::Statement kLeave{"run_leave", "select engine.leave_run($1, $2, $3, $4)"};

constexpr pg::Statement kFindHeld{"run_find_held", R"(
  select b.kind
  from engine.batch b
  join engine.run r on r.job_id = $1 and r.batch_id = b.id and r.attempt = b.attempt
  where b.id = $2 and b.attempt = $3 and b.worker = $4)"};

constexpr pg::Statement kLock{"run_lock", R"(
  select b.id from engine.batch b where b.id = $1 and b.attempt = $2 and b.worker = $3
  for update)"};

constexpr pg::Statement kReadReports{"run_read_reports", R"(
  select r.reported, count(p.place)::integer as pieces,
         coalesce(sum(octet_length(p.body::text)), 0)::bigint as piece_bytes
  from engine.run r left join engine.partial p on p.job_id = r.job_id
  where r.job_id = $1
  group by r.reported)"};

constexpr std::array kStatements{
    kClaim, kRenew, kFindAsked, kReport, kLeave, kFindHeld, kLock, kReadReports};

// A connection or a transaction runs the statement.
template <typename Runner>
bool report_with(Runner& runner,
                 WorkerId worker,
                 const ClaimedRun& run,
                 const Run::Report& report) {
  return runner
      .run(kReport,
           run.job.id.value(),
           run.claim.batch.value,
           run.claim.attempt,
           worker.value,
           report.number,
           report.percent,
           report.note,
           report.first_place,
           report.pieces)
      .one()
      .template get<bool>(0);
}

std::string milliseconds_text(std::chrono::milliseconds length) {
  return std::to_string(length.count()) + " ms";
}

ClaimedRun run_of(const pg::Row& row) {
  using std::chrono::milliseconds;
  return {
      .claim = {.batch = {row.get<std::int64_t>("batch_id")},
                .kind = row.get<std::string>("kind"),
                .attempt = row.get<std::int16_t>("batch_attempt"),
                .jobs = 1},
      .job = {.id = wire::JobId{row.get<std::int64_t>("id")},
              .kind = row.get<std::string>("kind"),
              .caller = row.get<std::string>("caller"),
              .args = base::Json::parse(row.get<std::string_view>("args")),
              .attempt = row.get<std::int16_t>("batch_attempt"),
              .max_attempts = row.get<std::int16_t>("max_attempts"),
              .accepted_at = JobStatus::Time{milliseconds{row.get<std::int64_t>("accepted_at_ms")}},
              .redrives = row.get<std::int16_t>("redrives"),
              .snoozes = row.get<std::int32_t>("snoozes"),
              .traceparent = row.get<std::optional<std::string>>("traceparent"),
              .request_id = row.get<std::optional<std::string>>("request_id")}};
}

}  // namespace

std::span<const pg::Statement> run_store_statements() {
  return kStatements;
}

std::optional<ClaimedRun> claim_run(pg::Connection& connection,
                                    NodeLease& ids,
                                    WorkerId worker,
                                    const std::vector<KindLimit>& kinds,
                                    std::chrono::milliseconds lease) {
  std::vector<std::string> names;
  std::vector<std::int32_t> running_max;
  for (const KindLimit& one : kinds) {
    names.push_back(one.kind);
    running_max.push_back(one.running_max);
  }
  // A batch of 4,096 is split three times before one of its jobs is alone; the rest are jobs that
  // ended while they waited, and those are looked at again the next time.
  for (int round = 0; round < 16; ++round) {
    const pg::Rows rows = connection.run(kClaim,
                                         worker.value,
                                         names,
                                         running_max,
                                         make_piece_ids(ids, kSplitPieces),
                                         milliseconds_text(lease));
    if (rows.empty()) return std::nullopt;
    const pg::Row row = rows.one();
    if (row.get<std::string>("outcome") == "run") return run_of(row);
  }
  return std::nullopt;
}

std::vector<std::int64_t> renew_runs(pg::Connection& connection,
                                     WorkerId worker,
                                     std::span<const Claim> claims,
                                     std::chrono::milliseconds lease) {
  std::vector<std::int64_t> ids;
  std::vector<std::int16_t> attempts;
  for (const Claim& claim : claims) {
    ids.push_back(claim.batch.value);
    attempts.push_back(claim.attempt);
  }
  std::vector<std::int64_t> held;
  for (const pg::Row row :
       connection.run(kRenew, ids, attempts, worker.value, milliseconds_text(lease))) {
    held.push_back(row.get<std::int64_t>(0));
  }
  return held;
}

std::vector<std::int64_t> find_asked_to_stop(pg::Connection& connection,
                                             const std::vector<std::int64_t>& jobs) {
  std::vector<std::int64_t> asked;
  for (const pg::Row row : connection.run(kFindAsked, jobs)) {
    asked.push_back(row.get<std::int64_t>(0));
  }
  return asked;
}

bool report_run(pg::Connection& connection,
                WorkerId worker,
                const ClaimedRun& run,
                const Run::Report& report) {
  return report_with(connection, worker, run, report);
}

bool report_run(pg::Transaction& tx,
                WorkerId worker,
                const ClaimedRun& run,
                const Run::Report& report) {
  return report_with(tx, worker, run, report);
}

std::optional<std::string> find_held_kind(pg::Connection& connection,
                                          WorkerId worker,
                                          const ClaimedRun& run) {
  const pg::Rows rows = connection.run(
      kFindHeld, run.job.id.value(), run.claim.batch.value, run.claim.attempt, worker.value);
  return rows.empty() ? std::nullopt : std::optional{rows.one().get<std::string>(0)};
}

bool lock_run(pg::Transaction& tx, WorkerId worker, const ClaimedRun& run) {
  return !tx.run(kLock, run.claim.batch.value, run.claim.attempt, worker.value).empty();
}

RunReports read_reports(pg::Transaction& tx, wire::JobId job) {
  const pg::Rows rows = tx.run(kReadReports, job.value());
  if (rows.empty()) return {};
  const pg::Row row = rows.one();
  return {.last = row.get<std::int32_t>("reported"),
          .pieces = row.get<std::int32_t>("pieces"),
          .piece_bytes = row.get<std::int64_t>("piece_bytes")};
}

LeftRun leave_run(pg::Connection& connection, WorkerId worker, const ClaimedRun& run) {
  const auto said =
      connection
          .run(kLeave, run.job.id.value(), run.claim.batch.value, run.claim.attempt, worker.value)
          .one()
          .get<std::string>(0);
  if (said == "ended") return LeftRun::kEnded;
  if (said == "lost") return LeftRun::kLost;
  base::check(said == "given back", "engine.leave_run says what this program does not know");
  return LeftRun::kGivenBack;
}

}  // namespace engine::jobs
