#pragma once

#include "base/guarded.hpp"
#include "engine/jobs/control_store.hpp"
#include "engine/jobs/janitor.hpp"
#include "engine/jobs/long_workers.hpp"
#include "engine/jobs/status_store.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace jobs_test {

using namespace std::chrono_literals;

using HandleLong = std::function<std::optional<engine::jobs::Finished>(engine::jobs::Run&)>;

class FunctionLongHandler final : public engine::jobs::LongHandler {
 public:
  explicit FunctionLongHandler(HandleLong handle) : handle_{std::move(handle)} {}
  std::optional<engine::jobs::Finished> handle(engine::jobs::Run& run) const override {
    return handle_(run);
  }

 private:
  HandleLong handle_;
};

/// Opened once, by the test.
class Gate {
 public:
  void open() {
    is_open_.update([](bool& open) { open = true; });
  }
  /// False when a stop came first.
  bool wait(const std::stop_token& stop) {
    return is_open_.wait_for(
        stop, 1h, [](bool open) { return open; }, [](bool, bool open) { return open; });
  }

 private:
  base::Guarded<bool> is_open_{false};
};

class Followers final : public engine::jobs::StatusPublisher {
 public:
  void publish(std::vector<engine::jobs::JobStatus> statuses) noexcept override {
    heard_.with([&](auto& heard) {
      for (engine::jobs::JobStatus& status : statuses) heard.push_back(std::move(status));
    });
  }
  [[nodiscard]] std::vector<engine::jobs::JobStatus> heard() const {
    return heard_.with([](const auto& heard) { return heard; });
  }

 private:
  base::Guarded<std::vector<engine::jobs::JobStatus>> heard_;
};

/// Its effect is written in the transaction that ends it.
inline engine::jobs::Finished done(const engine::jobs::Run& run) {
  const std::int64_t id = run.job().id.value();
  return {.outcome = engine::jobs::Completed{.result = {{"is", "done"}}, .events = {}},
          .store = [id](pg::Transaction& tx) {
            tx.query("insert into effect values (" + std::to_string(id) + ")");
          }};
}

class LongCase : public JobsCase {
 public:
  LongCase() {
    options_.lease = 20s;
    options_.poll = 10ms;
    options_.report_every = 10ms;
    options_.look_every = 20ms;
    options_.statuses = &followers;
  }

  void start(HandleLong handle, engine::jobs::LongLimits limits = {}) {
    limits.retry = {.first = 1ms, .longest = 1ms};
    handlers_.emplace();
    handlers_->add_long(kKind, std::make_unique<FunctionLongHandler>(std::move(handle)), limits);
    start_another();
    janitor_.emplace(pool,
                     ids,
                     ready,
                     log,
                     engine::jobs::JanitorOptions{.promote_every = 10ms, .rescue_every = 20ms});
  }
  void start_another() {
    workers_.push_back(std::make_unique<engine::jobs::LongWorkers>(
        engine::jobs::LongWorkers::Surroundings{.queue = pool,
                                                .database = pool,
                                                .handlers = *handlers_,
                                                .ids = ids,
                                                .ready = ready,
                                                .appended = appended,
                                                .log = log},
        options_));
  }
  void stop_all() {
    workers_.clear();
    janitor_.reset();
  }

  [[nodiscard]] bool becomes(wire::JobId id, engine::jobs::JobState state) {
    return support::eventually([&] { return status(id).state == state; });
  }
  engine::jobs::EndedEarly cancel(wire::JobId id) {
    return engine::jobs::cancel_job(*pool.acquire(), id, std::nullopt);
  }
  [[nodiscard]] std::string effects() { return value_of("select count(*) from effect"); }

  Followers followers;
  base::WakeSignal ready;
  engine::jobs::LongOptions options_;

 private:
  std::optional<engine::jobs::HandlerRegistry> handlers_;
  std::optional<engine::jobs::Janitor> janitor_;
  std::vector<std::unique_ptr<engine::jobs::LongWorkers>> workers_;
};

}  // namespace jobs_test
