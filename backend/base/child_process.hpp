#pragma once

#include "base/file_descriptor.hpp"

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace base {

/// How a process ended.
struct ExitStatus {
  int code = 0;    // What it returned, when it ended by itself.
  int signal = 0;  // What ended it, or 0.

  [[nodiscard]] bool is_success() const noexcept { return code == 0 && signal == 0; }
  /// "exit code 1" or "signal 9 (Killed)".
  [[nodiscard]] std::string text() const;
};

/// One attempt to stop a process: a signal, and how long it is given to work.
struct StopStep {
  int signal = SIGTERM;
  std::chrono::milliseconds limit{3000};
};

struct ChildOptions {
  // The whole environment, "NAME=value" each. Ours is never inherited: it may hold secrets.
  std::vector<std::string> environment{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"};
  // The root, and not ours: ours may be unreadable after a change of user.
  std::filesystem::path working_dir = "/";
  std::filesystem::path input_file = "/dev/null";
  // Standard output and error are appended to it; it is made with mode 0600 where missing.
  std::filesystem::path log_file = "/dev/null";
  // Sent by the kernel to the child when the thread that started it ends.
  int death_signal = SIGTERM;
  // Tried in order by the destructor; SIGKILL follows.
  std::vector<StopStep> stop_steps{StopStep{}};
  // Soft and hard RLIMIT_NOFILE, at most the caller's hard limit; none: as the caller's.
  std::optional<rlim_t> open_files = std::nullopt;
};

/// A program that runs as long as this object lives.
///
/// It has its own process group, so that Ctrl-C on the terminal reaches only its parent, and
/// inherits no descriptor, no signal mask and no environment. Secrets never go into `arguments`:
/// every user of the machine can read them.
///
/// Threads: confined. The kernel ties `death_signal` to the *thread* that called the constructor,
/// so that has to be one which lives as long as the process: the main thread.
/// Source: prctl(2), PR_SET_PDEATHSIG; pidfd_open(2).
class ChildProcess {
 public:
  /// Starts the program at the path `arguments[0]`; PATH is not searched.
  ///
  /// Errors: base::Error when it cannot be started, with the reason; then nothing runs.
  ChildProcess(const std::vector<std::string>& arguments, ChildOptions options);

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Stops the program. Limits: the sum of `stop_steps`, and one second for SIGKILL.
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Becomes readable when the program has ended; for poll(2) together with others.
  [[nodiscard]] int descriptor() const noexcept { return process_.get(); }

  /// How it ended, or none while it runs. Never waits.
  [[nodiscard]] std::optional<ExitStatus> poll();
  /// Waits until it ends, at most `timeout`, and no longer once the descriptor `interruption` is
  /// readable; none: it still runs.
  [[nodiscard]] std::optional<ExitStatus> wait_for(std::chrono::milliseconds timeout,
                                                   int interruption = -1);

  /// Sends `signal` unless it has ended already.
  void signal(int signal) noexcept;
  /// Takes the stop steps now, as the destructor would. As soon as the descriptor `hurry` is
  /// readable, only the last of them is still waited for.
  void stop(int hurry = -1) noexcept;

 private:
  [[nodiscard]] bool ends_within(std::chrono::milliseconds timeout, int interruption) noexcept;

  ChildOptions options_;
  pid_t pid_ = -1;
  FileDescriptor process_;
  std::optional<ExitStatus> status_;
};

/// Runs a program to its end.
///
/// Errors: base::Error when it cannot be started, or is stopped because `limit` is over.
[[nodiscard]] ExitStatus run_program(const std::vector<std::string>& arguments,
                                     ChildOptions options,
                                     std::chrono::milliseconds limit);

/// The last `lines` lines of a log file on one line, with " | " between them and without empty
/// ones; empty where there is no such file.
/// Limits: looks at the last 8 KiB.
[[nodiscard]] std::string last_lines(const std::filesystem::path& log_file, std::size_t lines);

}  // namespace base
