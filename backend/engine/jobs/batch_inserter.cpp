#include "engine/jobs/batch_inserter.hpp"

#include "base/back_off.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/fail_point.hpp"
#include "base/pause.hpp"
#include "pg/error.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace engine::jobs {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kSilent = "The database does not reply.";

wire::Problem not_stored(std::string why) {
  return wire::problem::unavailable(std::move(why) + " Nothing was stored; send it again.", 1s);
}

wire::Problem unknown_outcome() {
  return wire::problem::unavailable(
      "The database was not there in time. It is not known whether the request was stored; it may "
      "still be carried out.",
      1s);
}

// Many jobs with keys are committed alone, because one key may refuse them all, and only them.
bool needs_own_commit(std::span<const JobSpec> specs) {
  return specs.size() > 1 && std::ranges::any_of(specs, [](const JobSpec& spec) {
           return spec.idempotency_key.has_value();
         });
}

}  // namespace

BatchInserter::BatchInserter(pg::Pool& pool,
                             NodeLease& ids,
                             base::WakeSignal& accepted,
                             const base::Log& log,
                             InserterOptions options)
    : pool_{pool},
      ids_{ids},
      accepted_{accepted},
      log_{log},
      options_{options},
      committer_{[this](const std::stop_token& stop) { run(stop); }} {}

BatchInserter::~BatchInserter() {
  committer_.request_stop();
  committer_.join();
  const auto left = state_.with([](State& state) { return std::exchange(state.queue, {}); });
  for (const auto& waiting : left) {
    waiting->reply.set_value(base::fail(not_stored("The service is stopping.")));
  }
}

base::Result<Accepted, wire::Problem> BatchInserter::insert(JobSpec spec) {
  std::vector<JobSpec> one;
  one.push_back(std::move(spec));
  auto accepted = insert_all(std::move(one));
  if (!accepted) return base::fail(accepted.error());
  return std::move(accepted->front());
}

base::Result<std::vector<Accepted>, wire::Problem> BatchInserter::insert_all(
    std::vector<JobSpec> specs) {
  base::check(!specs.empty() && specs.size() <= options_.commit_jobs_max,
              "jobs for one commit are at least one, and fit into it");
  auto waiting = std::make_shared<Waiting>();
  waiting->specs = std::move(specs);
  waiting->deadline = steady_clock::now() + options_.wait_max;
  std::future<Reply> reply = waiting->reply.get_future();
  if (auto problem = enqueue(waiting)) return base::fail(std::move(*problem));

  // Once its commit has begun it is never withdrawn, and waits for the outcome as long as it may.
  while (steady_clock::now() < waiting->deadline) {
    if (reply.wait_until(look_again_at(*waiting)) == std::future_status::ready) return reply.get();
    if (withdraw(waiting)) return base::fail(not_stored(kSilent));
  }
  return base::fail(unknown_outcome());
}

std::size_t BatchInserter::waiting_jobs() const {
  return state_.with([](const State& state) { return state.queue_jobs; });
}

std::optional<wire::Problem> BatchInserter::enqueue(const std::shared_ptr<Waiting>& waiting) {
  return state_.update([&](State& state) -> std::optional<wire::Problem> {
    const bool is_somebody_trying = state.is_committing || !state.queue.empty();
    if (is_silent(state) && is_somebody_trying) return not_stored(kSilent);
    if (state.queue_jobs + waiting->specs.size() > options_.queue_jobs_max) {
      return not_stored("Too many jobs are waiting to be stored.");
    }
    state.queue.push_back(waiting);
    state.queue_jobs += waiting->specs.size();
    return std::nullopt;
  });
}

bool BatchInserter::is_silent(const State& state) const {
  return state.silent_since && steady_clock::now() >= *state.silent_since + options_.stuck_after;
}

BatchInserter::Monotonic BatchInserter::look_again_at(const Waiting& waiting) {
  const auto silent_at = state_.with([&](const State& state) {
    if (is_silent(state)) return waiting.deadline;  // It is the one that tries.
    return state.silent_since.value_or(steady_clock::now()) + options_.stuck_after;
  });
  return std::min(waiting.deadline, silent_at);
}

bool BatchInserter::withdraw(const std::shared_ptr<Waiting>& waiting) {
  return state_.with([&](State& state) {
    if (!is_silent(state) && steady_clock::now() < waiting->deadline) return false;
    if (std::erase(state.queue, waiting) == 0) return false;
    state.queue_jobs -= waiting->specs.size();
    return true;
  });
}

void BatchInserter::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Group group = take_group(stop);
    const auto began = steady_clock::now();
    if (!group.empty()) commit(stop, group);
    const bool is_any_waiting = state_.with([](State& state) {
      state.is_committing = false;
      return !state.queue.empty();
    });
    if (is_any_waiting) gather(stop, began + options_.gather_for);
  }
}

// Whoever came while the last one was on its way is not alone: a claim, a lock and a commit of the
// worker cost the same for one job as for several.
void BatchInserter::gather(const std::stop_token& stop, Monotonic until) {
  state_.wait_for(
      stop,
      until - steady_clock::now(),
      [&](const State& state) { return state.queue_jobs >= options_.gather_jobs; },
      [](State&, bool) {});
}

BatchInserter::Group BatchInserter::take_group(const std::stop_token& stop) {
  return state_.wait_for(
      stop,
      1s,
      [](const State& state) { return !state.queue.empty(); },
      [&](State& state, bool) {
        Group group;
        std::size_t jobs = 0;
        while (!state.queue.empty()) {
          const auto& next = state.queue.front();
          const bool is_alone = needs_own_commit(next->specs);
          if (!group.empty() &&
              (is_alone || jobs + next->specs.size() > options_.commit_jobs_max)) {
            break;
          }
          jobs += next->specs.size();
          group.push_back(next);
          state.queue.pop_front();
          if (is_alone) break;
        }
        state.queue_jobs -= jobs;
        state.is_committing = !group.empty();
        return group;
      });
}

void BatchInserter::commit(const std::stop_token& stop, const Group& group) {
  const auto refuse_all = [&](const wire::Problem& problem) {
    for (const auto& waiting : group) waiting->reply.set_value(base::fail(problem));
  };

  // Earlier than the callers, so that they hear what is known instead of giving up first.
  const auto give_up_at = group.front()->deadline - options_.wait_max / 10;
  Commit commit;
  note_attempt();
  base::BackOff back_off{20ms, 500ms};
  while (true) {
    switch (store(stop, group, commit)) {
      case Stored::kYes:
        note_reply();
        accepted_.notify();
        return reply_all(group, *commit.rows);
      case Stored::kRefused:
        note_reply();
        return refuse_all(*commit.refused);
      case Stored::kNever:
        note_reply();
        // Under new ids a job that is stored after all would be stored twice.
        if (commit.is_in_doubt) return refuse_all(unknown_outcome());
        if (group.size() > 1) return commit_one_by_one(stop, group);
        return refuse_all(wire::problem::internal());
      case Stored::kNotYet:
        break;
    }
    const auto pause = back_off.next();
    if (stop.stop_requested() || steady_clock::now() + pause >= give_up_at) {
      return refuse_all(commit.is_in_doubt ? unknown_outcome() : not_stored(kSilent));
    }
    base::pause(stop, pause);
  }
}

void BatchInserter::note_attempt() {
  state_.with([](State& state) {
    if (!state.silent_since) state.silent_since = steady_clock::now();
  });
}

// It said yes or no: either way it is there.
void BatchInserter::note_reply() {
  state_.with([](State& state) { state.silent_since.reset(); });
}

// The fifth place that catches: whoever waits must get a reply, whatever happens to its commit.
BatchInserter::Stored BatchInserter::store(const std::stop_token& stop,
                                           const Group& group,
                                           Commit& commit) {
  try {
    if (!commit.rows) commit.rows = rows_of(group);
    const auto connection = pool_.acquire(stop);
    base::fail_point("accept.before_commit");
    commit.refused = insert_or_find(*connection, group, commit);
    base::fail_point("accept.committed");
    if (commit.refused) return Stored::kRefused;
    return Stored::kYes;
  } catch (const pg::InDoubt& error) {
    commit.is_in_doubt = true;
    log_.warning("it is not known whether a commit was stored; asking again",
                 {{"jobs", group.size()}, {"reason", error.what()}});
    return Stored::kNotYet;
  } catch (const base::TransientError& error) {
    log_.debug("jobs could not be stored yet", {{"reason", error.what()}});
    return Stored::kNotYet;
  } catch (const std::exception& error) {
    log_.error("jobs could not be stored", {{"jobs", group.size()}, {"reason", error.what()}});
    return Stored::kNever;
  }
}

std::optional<wire::Problem> BatchInserter::insert_or_find(pg::Connection& connection,
                                                           const Group& group,
                                                           Commit& commit) {
  try {
    if (needs_own_commit(group.front()->specs)) return commit.rows->insert_all_or_none(connection);
    commit.rows->insert(connection);
  } catch (const pg::UniqueViolation&) {
    // The same ids are never made twice, so what is there is what the doubtful commit stored.
    if (!commit.is_in_doubt) throw;
    commit.rows->find(connection);
  }
  return std::nullopt;
}

AcceptedRows BatchInserter::rows_of(const Group& group) {
  std::vector<const JobSpec*> specs;
  for (const auto& waiting : group) {
    for (const JobSpec& spec : waiting->specs) specs.push_back(&spec);
  }
  auto rows = AcceptedRows::of(specs, ids_);
  if (!rows) throw base::TransientError{"no node number is leased"};
  return std::move(*rows);
}

void BatchInserter::reply_all(const Group& group, const AcceptedRows& rows) {
  std::size_t place = 0;
  for (const auto& waiting : group) {
    std::vector<Accepted> all;
    std::optional<wire::Problem> refused;
    for (std::size_t i = 0; i < waiting->specs.size(); ++i) {
      auto one = rows.accepted(place++);
      if (one) {
        all.push_back(std::move(*one));
      } else {
        refused = one.error();
      }
    }
    waiting->reply.set_value(refused ? Reply{base::fail(std::move(*refused))}
                                     : Reply{std::move(all)});
  }
}

// One request that the database refuses must not take its neighbours with it.
void BatchInserter::commit_one_by_one(const std::stop_token& stop, const Group& group) {
  for (const auto& waiting : group) commit(stop, {waiting});
}

}  // namespace engine::jobs
