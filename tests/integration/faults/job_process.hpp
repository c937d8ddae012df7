#pragma once

#include "base/child_process.hpp"
#include "history_check.hpp"
#include "support/scratch_folder.hpp"

#include <chrono>
#include <string>

namespace jobs_test {

inline constexpr auto kPoisonKind = "test.poison";  // Its handler always throws.
inline constexpr auto kLongKind = "test.long";
inline constexpr auto kAbortKind = "test.abort";  // Its handler ends the process.
inline constexpr auto kCrashKind = "test.crash";  // Its handler ends a process of PostgreSQL.

/// A process of its own, which can die at a fail point, be killed and be stopped: this program once
/// more, with the one hidden test that does the work.
class JobProcess {
 public:
  enum class Role {
    kWorker,   // Workers, a janitor and long workers, with short leases; for ever.
    kAccepter  // Accepts `jobs` jobs under the keys "key-0" …, from eight threads; then ends.
  };
  struct Options {
    Role role{Role::kWorker};
    std::string fail_point{};  // "name:n[:stop]", or none.
    int jobs{0};
    int claim_bytes{0};  // In one claim, at most; 0: as ever.
  };

  JobProcess(const std::string& database_url, const Options& options);

  void kill() { process_.signal(SIGKILL); }
  void freeze() { process_.signal(SIGSTOP); }
  void thaw() { process_.signal(SIGCONT); }
  [[nodiscard]] bool dies_of(int signal, std::chrono::seconds limit = std::chrono::seconds{30});
  [[nodiscard]] bool ends_well(std::chrono::seconds limit = std::chrono::seconds{60});
  /// Whether it lies still, by SIGSTOP.
  [[nodiscard]] bool is_stopped() const;

  /// What an accepter was told, up to its end.
  [[nodiscard]] Confirmed confirmed() const;
  [[nodiscard]] std::string log() const;

 private:
  support::ScratchFolder folder_;
  base::ChildProcess process_;
};

}  // namespace jobs_test
