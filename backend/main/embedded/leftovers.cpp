#include "main/embedded/leftovers.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

// glibc 2.36 forgets to declare these as C.
extern "C" {
#include <sys/pidfd.h>
}

namespace embedded {
namespace {

// Only a disk that does not answer holds a killed process for longer.
constexpr std::chrono::milliseconds kKillLimit{1000};

std::optional<pid_t> pid_of(const std::filesystem::path& proc_entry) {
  const std::string name = proc_entry.filename().string();
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

bool runs_in(pid_t pid, const std::filesystem::path& folder, std::string_view program) {
  const std::filesystem::path entry{fmt::format("/proc/{}", pid)};
  // Unreadable for processes of other users: those are not ours.
  std::error_code error;
  if (std::filesystem::read_symlink(entry / "cwd", error) != folder || error) return false;
  std::string name = std::filesystem::read_symlink(entry / "exe", error).filename().string();
  // The kernel adds this when the package was upgraded meanwhile.
  constexpr std::string_view kReplaced = " (deleted)";
  if (name.ends_with(kReplaced)) name.resize(name.size() - kReplaced.size());
  return !error && name == program;
}

struct Leftover {
  pid_t pid;
  base::FileDescriptor process;

  void signal(int signal) const noexcept {
    ::pidfd_send_signal(process.get(), signal, nullptr, 0);
    ::pidfd_send_signal(process.get(), SIGCONT, nullptr, 0);  // Stopped, it hears nothing else.
  }

  [[nodiscard]] bool ends_within(std::chrono::milliseconds limit) const noexcept {
    pollfd watched{.fd = process.get(), .events = POLLIN, .revents = 0};
    return ::poll(&watched, 1, static_cast<int>(limit.count())) > 0;
  }
};

// Oldest first. Behind its descriptor the number of a process cannot change hands, so each is
// looked at again there.
std::vector<Leftover> leftovers_in(const std::filesystem::path& folder, std::string_view program) {
  std::vector<Leftover> found;
  for (const pid_t pid : processes_in(folder, program)) {
    base::FileDescriptor process{::pidfd_open(pid, 0)};
    if (process && runs_in(pid, folder, program)) found.push_back({pid, std::move(process)});
  }
  return found;
}

}  // namespace

std::vector<pid_t> processes_in(const std::filesystem::path& folder, std::string_view program) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", ignored}) {
    const auto pid = pid_of(entry.path());
    if (pid && runs_in(*pid, folder, program)) found.push_back(*pid);
  }
  std::ranges::sort(found);
  return found;
}

void stop_leftovers(const std::filesystem::path& folder,
                    std::string_view program,
                    const std::vector<base::StopStep>& steps,
                    const base::Log& log) {
  const std::vector<Leftover> leftovers = leftovers_in(folder, program);
  if (leftovers.empty()) return;
  // PostgreSQL's postmaster is older than its backends, and takes them with it.
  const Leftover& oldest = leftovers.front();
  log.info("stopping what an earlier run left behind",
           {{"program", program}, {"pid", oldest.pid}, {"processes", leftovers.size()}});
  for (const base::StopStep& step : steps) {
    oldest.signal(step.signal);
    if (oldest.ends_within(step.limit)) break;
  }
  kill_leftovers(folder, program);
  for (const Leftover& leftover : leftovers) {
    if (leftover.ends_within(kKillLimit)) continue;
    throw base::Error{fmt::format("{} (pid {}), left by an earlier run in {}, cannot be stopped",
                                  program,
                                  leftover.pid,
                                  folder.string())};
  }
}

void kill_leftovers(const std::filesystem::path& folder, std::string_view program) {
  for (const Leftover& leftover : leftovers_in(folder, program)) leftover.signal(SIGKILL);
}

}  // namespace embedded
