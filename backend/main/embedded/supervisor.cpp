#include "main/embedded/supervisor.hpp"

#include "base/error.hpp"
#include "main/embedded/server_log.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace embedded {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kLogLines = 5;
constexpr milliseconds kReadyPeriod{50};

bool is_readable(int descriptor) {
  pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) > 0;
}

std::string end_of_log(const Supervised& server) {
  return last_words(server.log_file(), kLogLines);
}

}  // namespace

Supervisor::Supervisor(int stop_descriptor, const base::Log& log, SupervisorOptions options)
    : stop_descriptor_{stop_descriptor}, log_{log}, options_{options} {}

Supervisor::~Supervisor() {
  while (!watched_.empty()) {
    if (watched_.back().process) watched_.back().process->stop(stop_descriptor_);
    watched_.pop_back();
  }
  if (!is_readable(stop_descriptor_)) return;
  log_.info("the servers were stopped at once, as asked; the next start may take longer for it");
}

bool Supervisor::start(Supervised& server) {
  cut_log(server.log_file(), options_.log_bytes_max);
  if (!server.prepare(stop_descriptor_)) {
    read_stop_wish();
    return false;
  }
  watched_.push_back({.server = &server,
                      .process = server.spawn(),
                      .pauses = {options_.first_pause, options_.longest_pause}});
  return become_ready(watched_.back());
}

bool Supervisor::become_ready(Watched& watched) {
  const Supervised& server = *watched.server;
  const Time started_at = steady_clock::now();
  Time next_news = started_at + options_.news_period;
  while (watched.server->health() != Health::kReady) {
    if (stop_comes_within(kReadyPeriod)) return false;
    if (const auto status = watched.process->poll()) {
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
              {{"waited_s", std::chrono::duration_cast<seconds>(now - started_at).count()},
               {"it_says", last_words(server.log_file(), 1)}});
  }
  watched.ready_since = steady_clock::now();
  return true;
}

void Supervisor::run() {
  while (!stop_comes_within(until_next_look())) {
    for (Watched& watched : watched_) look_after(watched);
  }
}

// Also returns, with false, when a server dies.
bool Supervisor::stop_comes_within(milliseconds timeout) {
  std::vector<pollfd> descriptors{{.fd = stop_descriptor_, .events = POLLIN, .revents = 0}};
  for (const Watched& watched : watched_) {
    if (!watched.process) continue;
    descriptors.push_back({.fd = watched.process->descriptor(), .events = POLLIN, .revents = 0});
  }
  const int ready =
      ::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count()));
  if (ready <= 0 || descriptors.front().revents == 0) return false;
  read_stop_wish();
  return true;
}

// So that the next one is told from this.
void Supervisor::read_stop_wish() const {
  std::array<char, sizeof(signalfd_siginfo)> wish{};
  [[maybe_unused]] const ssize_t got = ::read(stop_descriptor_, wish.data(), wish.size());
}

milliseconds Supervisor::until_next_look() const {
  milliseconds shortest = options_.look_period;
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
  if (const auto status = watched.process->poll()) {
    return plan_restart(watched, "ended and will be started again", status->text());
  }
  cut_log(watched.server->log_file(), options_.log_bytes_max);
  look_at_health(watched);
}

void Supervisor::look_at_health(Watched& watched) {
  const Health health = watched.server->health();
  if (health == Health::kSilent) return look_at_silence(watched);

  watched.silent_since.reset();
  if (std::exchange(watched.is_silence_said, false)) {
    log_.info(fmt::format("{} answers again", watched.server->name()));
  }
  if (health != Health::kReady || watched.ready_since) return;
  watched.ready_since = steady_clock::now();
  log_.info(fmt::format("{} is ready again", watched.server->name()));
}

void Supervisor::look_at_silence(Watched& watched) {
  const Time now = steady_clock::now();
  if (!watched.silent_since) watched.silent_since = now;
  const auto silence = now - *watched.silent_since;
  if (silence >= options_.silence_limit) {
    watched.process->stop(stop_descriptor_);
    const auto silent_s = std::chrono::duration_cast<seconds>(silence).count();
    return plan_restart(watched,
                        "was stopped and will be started again",
                        fmt::format("it did not answer for {} s", silent_s));
  }
  if (silence < options_.silence_said_after || watched.is_silence_said) return;
  watched.is_silence_said = true;
  log_.warning(fmt::format("{} runs but does not answer", watched.server->name()),
               {{"pid", watched.process->pid()},
                {"started_again_after_s",
                 std::chrono::duration_cast<seconds>(options_.silence_limit).count()},
                {"it_said", end_of_log(*watched.server)}});
}

void Supervisor::plan_restart(Watched& watched, std::string_view what, const std::string& reason) {
  const Time now = steady_clock::now();
  if (watched.ready_since && now - *watched.ready_since >= options_.healthy_after) {
    watched.pauses.reset();
  }
  watched.process.reset();
  watched.ready_since.reset();
  watched.silent_since.reset();
  watched.is_silence_said = false;
  const milliseconds pause = watched.pauses.next();
  watched.restart_at = now + pause;
  log_.warning(
      fmt::format("{} {}", watched.server->name(), what),
      {{"reason", reason}, {"pause_ms", pause.count()}, {"it_said", end_of_log(*watched.server)}});
}

void Supervisor::restart(Watched& watched) {
  try {
    watched.process = watched.server->spawn();
  } catch (const base::Error& error) {
    // A full disk or an upgrade of its package passes; what still runs goes on.
    return plan_restart(watched, "cannot be started and is tried again", error.what());
  }
  log_.info(fmt::format("{} was started again", watched.server->name()),
            {{"pid", watched.process->pid()}});
}

}  // namespace embedded
