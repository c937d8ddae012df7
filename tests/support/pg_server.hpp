#pragma once

#include "base/child_process.hpp"
#include "support/scratch_folder.hpp"

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace support {

/// A private PostgreSQL of one test, on a free port, for what the shared one must not suffer: to be
/// stopped like a machine that hangs, or to be a standby. It does without durability.
///
/// Errors: base::Error when PostgreSQL cannot be started.
class PgServer {
 public:
  PgServer();
  /// Its data lies in a folder `data` of `disk`, which outlives it.
  explicit PgServer(const std::filesystem::path& disk);
  PgServer(const PgServer&) = delete;
  PgServer& operator=(const PgServer&) = delete;
  ~PgServer();

  /// A superuser's, over TCP.
  [[nodiscard]] std::string url() const;

  /// SIGSTOP for the server and every process of it. Sockets stay open, and the kernel goes on
  /// accepting connections for it.
  void freeze();
  /// The same without the server itself: it would make new processes for new connections.
  void freeze_processes();
  void thaw();

  /// SIGKILL for the server and every process of it, as if the machine had lost power but not its
  /// disk's cache.
  void die();
  /// `pg_ctl stop -m immediate`: it replays its log at the next start.
  void stop_at_once();
  void start_again() { start(); }
  [[nodiscard]] bool has_ended() { return process_->poll().has_value(); }
  /// Of a server that is down: its log is as if nothing had been written to the file `name` from
  /// `place` on, nor to any later one.
  void forget_log_from(const std::string& name, std::size_t place);

  /// Starts it again as a standby that waits for more log.
  void become_standby();

 private:
  void make_cluster();
  void start();
  [[nodiscard]] std::vector<pid_t> processes() const;

  ScratchFolder folder_;
  std::filesystem::path data_;
  std::string password_;
  int port_{0};
  std::unique_ptr<base::ChildProcess> process_;
};

/// One process that does not move, until the end of the scope.
class Frozen {
 public:
  explicit Frozen(pid_t pid);
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen();

 private:
  pid_t pid_;
};

}  // namespace support
