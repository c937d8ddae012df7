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
// How much later than it should anybody hears that the time is up, as a part of that time.
constexpr int kLooksPerWait = 10;

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
      state_{State{.crowd = Crowd{options.crowd_window}}},
      committer_{[this](const std::stop_token& stop) { run(stop); }},
      teller_{[this](const std::stop_token& stop) { run_teller(stop); }} {}

BatchInserter::~BatchInserter() {
  committer_.request_stop();
  committer_.join();
  teller_.request_stop();
  teller_.join();
  const auto left = state_.with([](State& state) { return std::exchange(state.queue, {}); });
  for (const auto& waiting : left) {
    waiting->tell(base::fail(not_stored("The service is stopping.")));
  }
}

void BatchInserter::insert(std::vector<JobSpec> specs, std::function<void(Reply)> tell) {
  base::check(!specs.empty() && specs.size() <= options_.commit_jobs_max,
              "jobs for one commit are at least one, and fit into it");
  const auto waiting =
      std::make_shared<Waiting>(Waiting{.specs = std::move(specs),
                                        .tell = std::move(tell),
                                        .deadline = steady_clock::now() + options_.wait_max});
  if (auto problem = enqueue(waiting)) waiting->tell(base::fail(std::move(*problem)));
}

std::optional<wire::Problem> BatchInserter::enqueue(const std::shared_ptr<Waiting>& waiting) {
  bool wakes = false;
  auto refused = state_.with([&](State& state) -> std::optional<wire::Problem> {
    const bool is_somebody_trying = state.committing || !state.queue.empty();
    if (is_silent(state)) {
      if (is_somebody_trying) return not_stored(kSilent);
      waiting->tries = true;
    }
    if (state.queue_jobs + waiting->specs.size() > options_.queue_jobs_max) {
      return not_stored("Too many jobs are waiting to be stored.");
    }
    const bool was_awake = state.is_gathering ? has_enough(state) : !state.queue.empty();
    state.queue.push_back(waiting);
    state.queue_jobs += waiting->specs.size();
    const std::size_t in_commit = state.committing ? state.committing->size() : 0;
    state.crowd.see(state.queue.size() + in_commit, steady_clock::now());
    wakes = !was_awake && (!state.is_gathering || has_enough(state));
    return std::nullopt;
  });
  // Not for each: the committer waits for the first, or for enough.
  if (wakes) state_.update([](State&) {});
  return refused;
}

bool BatchInserter::is_silent(const State& state) const {
  return state.silent_since && steady_clock::now() >= *state.silent_since + options_.stuck_after;
}

void BatchInserter::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto group = take_group(stop);
    const auto began = steady_clock::now();
    if (!group->empty()) commit(stop, group);
    state_.with([](State& state) { state.committing = nullptr; });
    gather(stop, began + options_.gather_for);
  }
}

// A claim, a lock and a commit of the worker cost the same for one job as for several.
void BatchInserter::gather(const std::stop_token& stop, Monotonic until) {
  state_.with([](State& state) { state.is_gathering = true; });
  state_.wait_for(
      stop,
      until - steady_clock::now(),
      [&](const State& state) { return has_enough(state); },
      [](State& state, bool) { state.is_gathering = false; });
}

bool BatchInserter::has_enough(const State& state) const {
  return state.queue_jobs >= options_.gather_jobs || state.queue.size() >= state.crowd.size();
}

std::shared_ptr<const BatchInserter::Group> BatchInserter::take_group(const std::stop_token& stop) {
  return state_.wait_for(
      stop,
      1s,
      [](const State& state) { return !state.queue.empty(); },
      [&](State& state, bool) {
        auto taken = std::make_shared<Group>();
        Group& group = *taken;
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
        if (!group.empty()) state.committing = taken;
        return std::shared_ptr<const Group>{std::move(taken)};
      });
}

void BatchInserter::commit(const std::stop_token& stop, const std::shared_ptr<const Group>& group) {
  const auto tell = [&](base::Result<AcceptedRows, wire::Problem> rows) {
    // First, so that nobody who is told and comes again is there twice.
    state_.with([&](State& state) {
      if (state.committing == group) state.committing = nullptr;
    });
    outcomes_.update([&](std::vector<Outcome>& outcomes) {
      outcomes.push_back({.group = group, .rows = std::move(rows)});
    });
  };

  // Earlier than the callers, so that they hear what is known instead of giving up first.
  const auto give_up_at = group->front()->deadline - options_.wait_max / 10;
  Commit commit;
  note_attempt();
  base::BackOff back_off{20ms, 500ms};
  while (true) {
    switch (store(stop, *group, commit)) {
      case Stored::kYes:
        note_reply();
        accepted_.notify();
        return tell(std::move(*commit.rows));
      case Stored::kRefused:
        note_reply();
        return tell(base::fail(*commit.refused));
      case Stored::kNever:
        note_reply();
        // Under new ids a job that is stored after all would be stored twice.
        if (commit.is_in_doubt) return tell(base::fail(unknown_outcome()));
        if (group->size() > 1) return commit_one_by_one(stop, *group);
        return tell(base::fail(wire::problem::internal()));
      case Stored::kNotYet:
        break;
    }
    const auto pause = back_off.next();
    if (stop.stop_requested() || steady_clock::now() + pause >= give_up_at) {
      return tell(base::fail(commit.is_in_doubt ? unknown_outcome() : not_stored(kSilent)));
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
    look_up_replays(*connection, *commit.rows);
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

// They are stored, so that nobody is refused for want of news of them.
void BatchInserter::look_up_replays(pg::Connection& connection, AcceptedRows& rows) {
  try {
    rows.look_up_replays(connection);
  } catch (const base::TransientError& error) {
    log_.debug("repeats are told what they asked for", {{"reason", error.what()}});
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

// One request that the database refuses must not take its neighbours with it.
void BatchInserter::commit_one_by_one(const std::stop_token& stop, const Group& group) {
  for (const auto& waiting : group) commit(stop, std::make_shared<Group>(Group{waiting}));
}

void BatchInserter::run_teller(const std::stop_token& stop) {
  const auto look_every = std::min(options_.stuck_after, options_.wait_max) / kLooksPerWait;
  auto next_look = steady_clock::now() + look_every;
  while (true) {
    const auto outcomes = outcomes_.wait_for(
        stop,
        next_look - steady_clock::now(),
        [](const std::vector<Outcome>& all) { return !all.empty(); },
        [](std::vector<Outcome>& all, bool) { return std::exchange(all, {}); });
    for (const Outcome& outcome : outcomes) tell_all(outcome);
    if (outcomes.empty() && stop.stop_requested()) return;
    if (steady_clock::now() >= next_look) {
      tell_overdue();
      next_look = steady_clock::now() + look_every;
    }
  }
}

void BatchInserter::tell_all(const Outcome& outcome) {
  std::size_t place = 0;
  for (const auto& waiting : *outcome.group) {
    std::vector<Accepted> all;
    std::optional<wire::Problem> refused;
    if (!outcome.rows) refused = outcome.rows.error();
    for (std::size_t i = 0; outcome.rows && i < waiting->specs.size(); ++i) {
      auto one = outcome.rows->accepted(place++);
      if (one) {
        all.push_back(std::move(*one));
      } else {
        refused = one.error();
      }
    }
    const auto tell = std::exchange(waiting->tell, nullptr);
    if (!tell) continue;  // It was too late for this one.
    tell(refused ? Reply{base::fail(std::move(*refused))} : Reply{std::move(all)});
  }
}

// Once its commit has begun nobody is withdrawn, and each waits for the outcome as long as it may.
void BatchInserter::tell_overdue() {
  for (const auto& waiting : withdraw_overdue()) {
    std::exchange(waiting->tell, nullptr)(base::fail(not_stored(kSilent)));
  }
  for (const auto& waiting : overdue_in_commit()) {
    const auto tell = std::exchange(waiting->tell, nullptr);
    if (tell) tell(base::fail(unknown_outcome()));
  }
}

BatchInserter::Group BatchInserter::withdraw_overdue() {
  return state_.with([&](State& state) {
    Group overdue;
    const bool is_in_vain = is_silent(state);
    const auto now = steady_clock::now();
    std::erase_if(state.queue, [&](const auto& waiting) {
      if (now < waiting->deadline && (!is_in_vain || waiting->tries)) return false;
      state.queue_jobs -= waiting->specs.size();
      overdue.push_back(waiting);
      return true;
    });
    return overdue;
  });
}

BatchInserter::Group BatchInserter::overdue_in_commit() const {
  return state_.with([](const State& state) {
    Group overdue;
    if (!state.committing) return overdue;
    const auto now = steady_clock::now();
    for (const auto& waiting : *state.committing) {
      if (now >= waiting->deadline) overdue.push_back(waiting);
    }
    return overdue;
  });
}

}  // namespace engine::jobs
