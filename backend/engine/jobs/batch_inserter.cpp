#include "engine/jobs/batch_inserter.hpp"

#include "base/back_off.hpp"
#include "base/error.hpp"
#include "base/pause.hpp"
#include "pg/error.hpp"

#include <algorithm>
#include <utility>

namespace engine::jobs {
namespace {

using namespace std::chrono_literals;

wire::Problem not_stored(std::string why) {
  return wire::problem::unavailable(std::move(why) + " Nothing was stored; send it again.", 1s);
}

wire::Problem unknown_outcome() {
  return wire::problem::unavailable(
      "The database was not there in time. It is not known whether the request was stored; it may "
      "still be carried out.",
      1s);
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
  for (const auto& waiting : queue_.with([](Queue& queue) { return std::exchange(queue, {}); })) {
    waiting->reply.set_value(base::fail(not_stored("The service is stopping.")));
  }
}

base::Result<JobStatus, wire::Problem> BatchInserter::insert(JobSpec spec) {
  auto waiting = std::make_shared<Waiting>();
  waiting->spec = std::move(spec);
  waiting->deadline = std::chrono::steady_clock::now() + options_.wait_max;
  std::future<Reply> reply = waiting->reply.get_future();

  const bool is_queued = queue_.update([&](Queue& queue) {
    if (queue.size() >= options_.queue_jobs_max) return false;
    queue.push_back(waiting);
    return true;
  });
  if (!is_queued) return base::fail(not_stored("Too many requests are waiting to be stored."));

  if (reply.wait_until(waiting->deadline) == std::future_status::ready) return reply.get();
  if (withdraw(waiting)) return base::fail(not_stored("The database is not there."));
  // Its commit has begun, and ends or fails within the database's own time limits.
  if (reply.wait_for(options_.wait_max) == std::future_status::ready) return reply.get();
  return base::fail(unknown_outcome());
}

bool BatchInserter::withdraw(const std::shared_ptr<Waiting>& waiting) {
  return queue_.with([&](Queue& queue) { return std::erase(queue, waiting) > 0; });
}

void BatchInserter::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Group group = take_group(stop);
    if (!group.empty()) commit(stop, group);
  }
}

BatchInserter::Group BatchInserter::take_group(const std::stop_token& stop) {
  return queue_.wait_for(
      stop,
      1s,
      [](const Queue& queue) { return !queue.empty(); },
      [&](Queue& queue, bool) {
        const auto size = std::min(queue.size(), options_.commit_jobs_max);
        const auto end = queue.begin() + static_cast<Queue::difference_type>(size);
        Group group{queue.begin(), end};
        queue.erase(queue.begin(), end);
        return group;
      });
}

void BatchInserter::commit(const std::stop_token& stop, const Group& group) {
  const auto reply_all = [&](const auto& reply_of) {
    for (std::size_t i = 0; i < group.size(); ++i) group[i]->reply.set_value(reply_of(i));
  };
  const auto refuse_all = [&](const wire::Problem& problem) {
    reply_all([&](std::size_t) -> Reply { return base::fail(problem); });
  };

  Commit commit;
  base::BackOff back_off{20ms, 500ms};
  while (true) {
    switch (store(stop, group, commit)) {
      case Stored::kYes:
        accepted_.notify();
        return reply_all([&](std::size_t i) -> Reply { return commit.rows->status(i); });
      case Stored::kNever:
        // Under new ids a job that is stored after all would be stored twice.
        if (commit.is_in_doubt) return refuse_all(unknown_outcome());
        if (group.size() > 1) return commit_one_by_one(stop, group);
        return refuse_all(wire::problem::internal());
      case Stored::kNotYet:
        break;
    }
    if (stop.stop_requested() || std::chrono::steady_clock::now() >= group.front()->deadline) {
      return refuse_all(commit.is_in_doubt ? unknown_outcome()
                                           : not_stored("The database is not there."));
    }
    base::pause(stop, back_off.next());
  }
}

// The fifth place that catches: whoever waits must get a reply, whatever happens to its commit.
BatchInserter::Stored BatchInserter::store(const std::stop_token& stop,
                                           const Group& group,
                                           Commit& commit) {
  try {
    if (!commit.rows) commit.rows = rows_of(group);
    const auto connection = pool_.acquire(stop);
    try {
      commit.rows->insert(*connection);
    } catch (const pg::UniqueViolation&) {
      // The same ids are never made twice, so what is there is what the doubtful commit stored.
      if (!commit.is_in_doubt) throw;
      commit.rows->find(*connection);
    }
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

AcceptedRows BatchInserter::rows_of(const Group& group) {
  std::vector<const JobSpec*> specs;
  for (const auto& waiting : group) specs.push_back(&waiting->spec);
  auto rows = AcceptedRows::of(specs, ids_);
  if (!rows) throw base::TransientError{"no node number is leased"};
  return std::move(*rows);
}

// One job that the database refuses must not take its neighbours with it.
void BatchInserter::commit_one_by_one(const std::stop_token& stop, const Group& group) {
  for (const auto& waiting : group) commit(stop, {waiting});
}

}  // namespace engine::jobs
