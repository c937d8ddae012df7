#pragma once

#include "base/back_off.hpp"
#include "base/child_process.hpp"
#include "base/log.hpp"
#include "main/embedded/supervised.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace embedded {

struct SupervisorOptions {
  // Before a dead server is started again; doubled each time, up to the longest.
  std::chrono::milliseconds first_pause{200};
  std::chrono::milliseconds longest_pause{10'000};
  // A server that was ready for so long is healthy: its next death begins at the first pause.
  std::chrono::milliseconds healthy_after{60'000};
  // How often the wait for a server's first answer is said to go on.
  std::chrono::milliseconds news_period{5'000};
  // PostgreSQL may have to replay all of max_wal_size on a slow disk.
  std::chrono::milliseconds ready_limit{std::chrono::minutes{30}};
  // How often a running server is asked for an answer, and its log looked at.
  std::chrono::milliseconds look_period{2'000};
  // A server that lives and does not answer is complained of after the first, and started again
  // after the second. Machines that swap, disks that stall and people with debuggers come back
  // within a minute; whatever does not, comes back by no other means. Nothing is lost by it.
  std::chrono::milliseconds silence_said_after{10'000};
  std::chrono::milliseconds silence_limit{60'000};
  // Of a server's log; as much is kept in a second file.
  std::uintmax_t log_bytes_max = 10'000'000;
};

/// Keeps the embedded servers running, and stops them in the reverse order of their start.
///
/// Threads: confined to the main thread, with whose death the kernel stops the servers.
/// Lifetime: the servers it was given outlive it.
class Supervisor {
 public:
  /// `stop_descriptor` becomes readable when all is to end. The first such wish is read from it;
  /// where it becomes readable again while the servers stop, they are stopped at once.
  Supervisor(int stop_descriptor, const base::Log& log, SupervisorOptions options = {});
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  /// Starts `server` and waits for its first answer. False: a stop was asked for meanwhile.
  ///
  /// Errors: base::Error with the end of its log when it dies before.
  [[nodiscard]] bool start(Supervised& server);

  /// Starts again what dies or hangs, until a stop is asked for.
  void run();

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Watched {
    Supervised* server;
    std::unique_ptr<base::ChildProcess> process;  // None while it pauses.
    base::BackOff pauses;
    Time restart_at{};
    std::optional<Time> ready_since{};   // Since its last start.
    std::optional<Time> silent_since{};  // Since its last answer.
    bool is_silence_said = false;
  };

  [[nodiscard]] bool stop_comes_within(std::chrono::milliseconds timeout);
  void read_stop_wish() const;
  [[nodiscard]] bool become_ready(Watched& watched);
  [[nodiscard]] std::chrono::milliseconds until_next_look() const;
  void look_after(Watched& watched);
  void look_at_health(Watched& watched);
  void look_at_silence(Watched& watched);
  void plan_restart(Watched& watched, std::string_view what, const std::string& reason);
  void restart(Watched& watched);

  int stop_descriptor_;
  const base::Log& log_;
  SupervisorOptions options_;
  std::vector<Watched> watched_;  // In the order of their start.
};

}  // namespace embedded
