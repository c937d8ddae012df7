#include "main/embedded/leftovers.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

// glibc 2.36 forgets to declare these as C.
extern "C" {
#include <sys/pidfd.h>
}

namespace embedded {
namespace {

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

bool ends_within(const base::FileDescriptor& process, std::chrono::milliseconds limit) {
  pollfd watched{.fd = process.get(), .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, static_cast<int>(limit.count())) > 0;
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
  // PostgreSQL's postmaster is older than its backends, and takes them with it.
  for (const pid_t pid : processes_in(folder, program)) {
    const base::FileDescriptor process{::pidfd_open(pid, 0)};
    // Looked at again behind the descriptor: from here on the number cannot change hands.
    if (!process || !runs_in(pid, folder, program)) continue;
    log.info("stopping what an earlier run left behind", {{"program", program}, {"pid", pid}});

    bool has_ended = false;
    for (const base::StopStep& step : steps) {
      ::pidfd_send_signal(process.get(), step.signal, nullptr, 0);
      has_ended = ends_within(process, step.limit);
      if (has_ended) break;
    }
    if (has_ended) continue;
    ::pidfd_send_signal(process.get(), SIGKILL, nullptr, 0);
    if (ends_within(process, std::chrono::seconds{1})) continue;
    throw base::Error{fmt::format("{} (pid {}), left by an earlier run in {}, cannot be stopped",
                                  program,
                                  pid,
                                  folder.string())};
  }
}

}  // namespace embedded
