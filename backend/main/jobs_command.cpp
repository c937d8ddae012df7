// `earshot jobs list|show|retry|cancel|discard|stats|pause|resume`: what an operator does to
// accepted jobs.
#include "base/error.hpp"
#include "base/time_text.hpp"
#include "engine/jobs/control_store.hpp"
#include "engine/jobs/job_view.hpp"
#include "engine/jobs/status_store.hpp"
#include "main/commands.hpp"
#include "main/own_database.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace commands {
namespace {

namespace jobs = engine::jobs;
using base::Json;

constexpr int kRefused = 1;

struct JobsFlags {
  bool is_json{false};
  std::string id;
  std::string kind;
  std::string state;
  std::string caller;
  std::string reason{"An operator decided that it is not to be carried out."};
  int limit{50};
};

pg::Connection connect(const Settings& settings) {
  return connect_to_own_database(settings, "earshot-jobs");
}

void say(const Json& json, bool is_json, const std::string& for_people) {
  std::puts((is_json ? base::to_text(json) : for_people).c_str());
}

std::optional<std::string> if_given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

wire::JobId id_of(const JobsFlags& flags) {
  const auto id = wire::JobId::parse(flags.id);
  if (!id) throw base::Error{"'" + flags.id + "' is no job id: it has 13 characters"};
  return *id;
}

int absent(const JobsFlags& flags) {
  std::fprintf(stderr, "earshot: there is no job %s (any more)\n", flags.id.c_str());
  return kRefused;
}

int list(const Settings& settings, const JobsFlags& flags) {
  pg::Connection connection = connect(settings);
  const jobs::JobFilter filter{.state = if_given(flags.state),
                               .kind = if_given(flags.kind),
                               .caller = if_given(flags.caller),
                               .limit = flags.limit};
  Json all = Json::array();
  std::string table = fmt::format("{:<13}  {:<10}  {:<7}  {:<24}  {:<28}  {}",
                                  "id",
                                  "state",
                                  "attempt",
                                  "created",
                                  "kind",
                                  "caller");
  for (const jobs::JobLine& line : jobs::list_jobs(connection, filter)) {
    const std::string created = base::utc_text(line.created_at);
    all.push_back({{"id", line.id.text()},
                   {"kind", line.kind},
                   {"state", line.state},
                   {"attempt", line.attempt},
                   {"max_attempts", line.max_attempts},
                   {"created_at", created},
                   {"caller", line.caller}});
    table += fmt::format("\n{}  {:<10}  {:<7}  {}  {:<28}  {}",
                         line.id.text(),
                         line.state,
                         fmt::format("{}/{}", line.attempt, line.max_attempts),
                         created,
                         line.kind,
                         line.caller);
  }
  say({{"jobs", std::move(all)}}, flags.is_json, table);
  return 0;
}

int show(const Settings& settings, const JobsFlags& flags) {
  pg::Connection connection = connect(settings);
  const wire::JobId id = id_of(flags);
  const auto status = jobs::find_job(connection, id);
  if (!status) return absent(flags);

  Json view = jobs::job_view(*status);
  view["caller"] = status->caller;
  Json failures = Json::array();
  for (const jobs::FailedAttemptLine& one : jobs::list_failures(connection, id)) {
    failures.push_back({{"attempt", one.attempt},
                        {"failed_at", base::utc_text(one.failed_at)},
                        {"problem", Json::parse(one.problem)}});
  }
  view["failures"] = std::move(failures);

  std::string table;
  for (const auto& [name, value] : view.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : base::to_text(value);
    table += fmt::format("{}{:<13} {}", table.empty() ? "" : "\n", name, text);
  }
  say(view, flags.is_json, table);
  return 0;
}

int told(jobs::EndedEarly ended, const JobsFlags& flags, const std::string& state) {
  switch (ended) {
    case jobs::EndedEarly::kDone:
      say({{"id", flags.id}, {"state", state}}, flags.is_json, state + "  " + flags.id);
      return 0;
    case jobs::EndedEarly::kAsked:
      say({{"id", flags.id}, {"state", "running"}, {"cancel_requested", true}},
          flags.is_json,
          "asked to stop  " + flags.id);
      return 0;
    case jobs::EndedEarly::kAbsent:
      return absent(flags);
    case jobs::EndedEarly::kFinal:
      std::fprintf(stderr, "earshot: job %s has ended already\n", flags.id.c_str());
      return kRefused;
    case jobs::EndedEarly::kBusy:
      std::fprintf(stderr, "earshot: job %s is being carried out: try again\n", flags.id.c_str());
      return kRefused;
  }
  return kRefused;
}

int cancel(const Settings& settings, const JobsFlags& flags) {
  pg::Connection connection = connect(settings);
  return told(jobs::cancel_job(connection, id_of(flags), /*by=*/std::nullopt), flags, "cancelled");
}

int discard(const Settings& settings, const JobsFlags& flags) {
  pg::Connection connection = connect(settings);
  return told(jobs::discard_job(connection, id_of(flags), flags.reason), flags, "discarded");
}

std::vector<wire::JobId> jobs_to_retry(pg::Connection& connection, const JobsFlags& flags) {
  if (!flags.id.empty()) return {id_of(flags)};
  if (flags.kind.empty()) throw base::Error{"name a job, or with --kind the jobs of a kind"};
  std::vector<wire::JobId> ids;
  for (const jobs::JobLine& line :
       jobs::list_jobs(connection,
                       {.state = flags.state.empty() ? "discarded" : flags.state,
                       .kind = flags.kind,
                       .caller = if_given(flags.caller),
                       .limit = flags.limit})) {
    ids.push_back(line.id);
  }
  return ids;
}

int retry(const Settings& settings, const JobsFlags& flags) {
  pg::Connection connection = connect(settings);
  Json all = Json::array();
  std::string table;
  bool is_refused = false;
  for (const jobs::Redriven& one :
       jobs::redrive_jobs(connection, jobs_to_retry(connection, flags))) {
    all.push_back({{"id", one.id.text()}, {"outcome", one.said}});
    table += fmt::format("{}{:<9}  {}", table.empty() ? "" : "\n", one.said, one.id.text());
    is_refused = is_refused || one.said != "redriven";
  }
  say({{"jobs", std::move(all)}}, flags.is_json, table.empty() ? "no such jobs" : table);
  return is_refused ? kRefused : 0;
}

int stats(const Settings& settings, const JobsFlags& flags) {
  pg::Connection connection = connect(settings);
  Json all = Json::array();
  std::string table = fmt::format("{:<28} {:>9} {:>9} {:>9} {:>9}   {:>9} {:>9} {:>9}",
                                  "kind",
                                  "ready",
                                  "oldest",
                                  "claimed",
                                  "waiting",
                                  "completed",
                                  "discarded",
                                  "cancelled");
  for (const jobs::KindLine& one : jobs::kind_stats(connection)) {
    all.push_back({{"kind", one.kind},
                   {"paused", one.is_paused},
                   {"ready", one.ready},
                   {"oldest_ready_s", one.oldest_ready_s},
                   {"claimed", one.claimed},
                   {"waiting", one.waiting},
                   {"completed_24h", one.completed},
                   {"discarded_24h", one.discarded},
                   {"cancelled_24h", one.cancelled}});
    table += fmt::format("\n{:<28} {:>9} {:>8}s {:>9} {:>9}   {:>9} {:>9} {:>9}{}",
                         one.kind,
                         one.ready,
                         one.oldest_ready_s,
                         one.claimed,
                         one.waiting,
                         one.completed,
                         one.discarded,
                         one.cancelled,
                         one.is_paused ? "  paused" : "");
  }
  table += "\n(completed, discarded, cancelled: in the last 24 hours)";
  say({{"kinds", std::move(all)}}, flags.is_json, table);
  return 0;
}

int pause(const Settings& settings, const JobsFlags& flags) {
  pg::Connection connection = connect(settings);
  const bool is_new = jobs::pause_kind(connection, flags.kind);
  say({{"kind", flags.kind}, {"paused", true}},
      flags.is_json,
      (is_new ? "paused     " : "paused already  ") + flags.kind);
  return 0;
}

int resume(const Settings& settings, const JobsFlags& flags) {
  pg::Connection connection = connect(settings);
  const bool was_paused = jobs::resume_kind(connection, flags.kind);
  say({{"kind", flags.kind}, {"paused", false}},
      flags.is_json,
      (was_paused ? "resumed    " : "was not paused  ") + flags.kind);
  return 0;
}

}  // namespace

void add_jobs_commands(CLI::App& app, Settings& settings, std::vector<Subcommand>& all) {
  const auto flags = std::make_shared<JobsFlags>();
  CLI::App* group =
      app.add_subcommand("jobs", "Look at accepted jobs, end, repeat and hold them back");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, auto run) {
    CLI::App* command = group->add_subcommand(name, text);
    add_common_options(*command, settings);
    add_data_dir_option(*command, settings);
    command->add_flag("--json", flags->is_json, "For programs");
    all.push_back({command, [run, flags](const Settings& done) { return run(done, *flags); }});
    return command;
  };
  CLI::App* listing = add("list", "The newest jobs", list);
  listing->add_option("--state", flags->state, "Only those in this state")
      ->check(CLI::IsMember({"available",
                             "scheduled",
                             "running",
                             "retryable",
                             "completed",
                             "discarded",
                             "cancelled"}));
  listing->add_option("--kind", flags->kind, "Only this kind, like ask_around_me.ask_question");
  listing->add_option("--caller", flags->caller, "Only this caller's");
  listing->add_option("--limit", flags->limit, "How many")->check(CLI::Range(1, 1000));

  add("show", "One job with its failed attempts", show)->add_option("id", flags->id)->required();
  add("cancel", "End a job before it is carried out", cancel)
      ->add_option("id", flags->id)
      ->required();
  CLI::App* discarding = add("discard", "End a job as discarded, for a reason", discard);
  discarding->add_option("id", flags->id)->required();
  discarding->add_option("--reason", flags->reason, "What the job's problem says");

  CLI::App* retrying =
      add("retry", "Carry out again what was discarded or cancelled, with new attempts", retry);
  retrying->add_option("id", flags->id);
  retrying->add_option("--kind", flags->kind, "The newest of this kind instead of one job");
  retrying->add_option("--state", flags->state, "Which of them; default: discarded")
      ->check(CLI::IsMember({"discarded", "cancelled"}));
  retrying->add_option("--caller", flags->caller, "Only this caller's");
  retrying->add_option("--limit", flags->limit, "How many")->check(CLI::Range(1, 1000));

  add("stats", "How many jobs of each kind wait, are at work, and have ended", stats);
  add("pause", "Carry out no more jobs of a kind", pause)
      ->add_option("kind", flags->kind)
      ->required();
  add("resume", "Carry them out again", resume)->add_option("kind", flags->kind)->required();
}

}  // namespace commands
