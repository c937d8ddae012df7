#pragma once

#include "base/child_process.hpp"
#include "base/log.hpp"
#include "main/embedded/supervised.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace embedded {

struct SupervisorOptions {
  // Before a dead server is started again; doubled each time, up to the longest.
  std::chrono::milliseconds first_pause{200};
  std::chrono::milliseconds longest_pause{10'000};
  // A server that lived so long is healthy: its next death begins at the first pause.
  std::chrono::milliseconds healthy_after{60'000};
  // How often the wait for a server's first answer is said to go on.
  std::chrono::milliseconds news_period{5'000};
  // PostgreSQL may have to replay all of max_wal_size on a slow disk.
  std::chrono::milliseconds ready_limit{std::chrono::minutes{30}};
};

/// Keeps the embedded servers running, and stops them in the reverse order of their start.
///
/// Threads: confined to the main thread, with whose death the kernel stops the servers.
/// Lifetime: the servers it was given outlive it.
class Supervisor {
 public:
  /// `stop_descriptor` becomes readable when all is to end.
  Supervisor(int stop_descriptor, const base::Log& log, SupervisorOptions options = {});
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  /// Starts `server` and waits for its first answer. False: a stop was asked for meanwhile.
  ///
  /// Errors: base::Error with the end of its log when it dies before.
  [[nodiscard]] bool start(Supervised& server);

  /// Starts again what dies, until a stop is asked for.
  void run();

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Watched {
    Supervised* server;
    std::unique_ptr<base::ChildProcess> process;  // None while it pauses.
    Time started_at;
    std::chrono::milliseconds pause;
    Time restart_at;
  };

  enum class Event { kStop, kDeath, kNothing };

  [[nodiscard]] Event wait(std::chrono::milliseconds timeout) const;
  [[nodiscard]] std::chrono::milliseconds until_next_restart() const;
  void look_after(Watched& watched);
  void plan_restart(Watched& watched, const std::string& reason);
  void restart(Watched& watched);

  int stop_descriptor_;
  const base::Log& log_;
  SupervisorOptions options_;
  std::vector<Watched> watched_;  // In the order of their start.
};

}  // namespace embedded
