#include "main/embedded/supervisor.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <algorithm>

namespace embedded {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kLogLines = 5;
constexpr std::uintmax_t kLogBytesMax = 10'000'000;
constexpr milliseconds kReadyPeriod{50};

// A log is cut when its server starts: the one before is kept, older ones go.
void keep_log_small(const std::filesystem::path& log_file) {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(log_file, ignored);
  if (ignored || size < kLogBytesMax) return;
  std::filesystem::rename(log_file, log_file.string() + ".1", ignored);
}

std::string end_of_log(const Supervised& server) {
  return base::last_lines(server.log_file(), kLogLines);
}

}  // namespace

Supervisor::Supervisor(int stop_descriptor, const base::Log& log, SupervisorOptions options)
    : stop_descriptor_{stop_descriptor}, log_{log}, options_{options} {}

Supervisor::~Supervisor() {
  while (!watched_.empty()) {
    if (watched_.back().process) watched_.back().process->stop();
    watched_.pop_back();
  }
}

bool Supervisor::start(Supervised& server) {
  keep_log_small(server.log_file());
  const Time started_at = steady_clock::now();
  watched_.push_back({.server = &server,
                      .process = server.spawn(),
                      .started_at = started_at,
                      .pause = options_.first_pause,
                      .restart_at = {}});

  Time next_news = started_at + options_.news_period;
  while (!server.is_ready()) {
    if (wait(kReadyPeriod) == Event::kStop) return false;
    if (const auto status = watched_.back().process->poll()) {
      throw base::Error{fmt::format("{} did not start ({}): {}; its log is {}",
                                    server.name(),
                                    status->text(),
                                    end_of_log(server),
                                    server.log_file().string())};
    }
    const Time now = steady_clock::now();
    if (now - started_at > options_.ready_limit) {
      throw base::Error{fmt::format(
          "{} does not answer; its log is {}", server.name(), server.log_file().string())};
    }
    if (now < next_news) continue;
    next_news = now + options_.news_period;
    log_.info(fmt::format("waiting for {}", server.name()),
              {{"it_says", base::last_lines(server.log_file(), 1)}});
  }
  return true;
}

void Supervisor::run() {
  while (wait(until_next_restart()) != Event::kStop) {
    for (Watched& watched : watched_) look_after(watched);
  }
}

Supervisor::Event Supervisor::wait(milliseconds timeout) const {
  std::vector<pollfd> descriptors{{.fd = stop_descriptor_, .events = POLLIN, .revents = 0}};
  for (const Watched& watched : watched_) {
    if (!watched.process) continue;
    descriptors.push_back({.fd = watched.process->descriptor(), .events = POLLIN, .revents = 0});
  }
  const int ready =
      ::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count()));
  if (ready <= 0) return Event::kNothing;
  return descriptors.front().revents != 0 ? Event::kStop : Event::kDeath;
}

milliseconds Supervisor::until_next_restart() const {
  milliseconds shortest = options_.longest_pause;
  for (const Watched& watched : watched_) {
    if (watched.process) continue;
    const auto left = std::chrono::ceil<milliseconds>(watched.restart_at - steady_clock::now());
    shortest = std::clamp(left, milliseconds{0}, shortest);
  }
  return shortest;
}

void Supervisor::look_after(Watched& watched) {
  if (!watched.process) {
    if (steady_clock::now() >= watched.restart_at) restart(watched);
    return;
  }
  const auto status = watched.process->poll();
  if (!status) return;
  const bool was_healthy = steady_clock::now() - watched.started_at >= options_.healthy_after;
  if (was_healthy) watched.pause = options_.first_pause;
  watched.process.reset();
  plan_restart(watched, status->text());
}

void Supervisor::plan_restart(Watched& watched, const std::string& reason) {
  log_.warning(fmt::format("{} ended and will be started again", watched.server->name()),
               {{"reason", reason},
                {"pause_ms", watched.pause.count()},
                {"it_said", end_of_log(*watched.server)}});
  watched.restart_at = steady_clock::now() + watched.pause;
  watched.pause = std::min(watched.pause * 2, options_.longest_pause);
}

void Supervisor::restart(Watched& watched) {
  keep_log_small(watched.server->log_file());
  try {
    watched.process = watched.server->spawn();
  } catch (const base::Error& error) {
    // A full disk or an upgrade of its package passes; what still runs goes on.
    return plan_restart(watched, error.what());
  }
  watched.started_at = steady_clock::now();
  log_.info(fmt::format("{} was started again", watched.server->name()),
            {{"pid", watched.process->pid()}});
}

}  // namespace embedded
