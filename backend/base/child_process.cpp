#include "base/child_process.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

// glibc 2.36 forgets to declare these as C.
extern "C" {
#include <sys/pidfd.h>
}

namespace base {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What the child tells its parent when it cannot become the program.
struct StartFailure {
  char step = 0;  // 'd' working directory, 'l' limit, 'x' exec.
  int error = 0;
};

[[noreturn]] void fail_with(std::string_view what, int error) {
  throw Error{fmt::format("{}: {}", what, std::strerror(error))};
}

// Everything the child needs between fork and exec, made ready before: there, only
// async-signal-safe calls are allowed, so no memory may be asked for.
struct Launch {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const char* working_dir;
  int input;
  int log;
  int failure;
  int death_signal;
  const rlimit* open_files;
  pid_t parent;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// Opens above the standard descriptors, which the child replaces.
FileDescriptor open_for_child(const std::filesystem::path& path, int flags) {
  const FileDescriptor opened{::open(path.c_str(), flags | O_CLOEXEC, 0600)};
  if (!opened) fail_with(fmt::format("cannot open {}", path.string()), errno);
  return FileDescriptor{::fcntl(opened.get(), F_DUPFD_CLOEXEC, 3)};
}

[[noreturn]] void give_up(const Launch& launch, char step) {
  const StartFailure failure{step, errno};
  [[maybe_unused]] const ssize_t written = ::write(launch.failure, &failure, sizeof failure);
  ::_exit(127);
}

// Runs in the child. Async-signal-safe calls only.
[[noreturn]] void become_program(const Launch& launch) {
  ::setpgid(0, 0);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  ::prctl(PR_SET_PDEATHSIG, launch.death_signal);
  if (::getppid() != launch.parent) ::_exit(127);  // It died before the line above took effect.

  ::dup2(launch.input, STDIN_FILENO);
  ::dup2(launch.log, STDOUT_FILENO);
  ::dup2(launch.log, STDERR_FILENO);
  // A listening socket that lives on in a child keeps its port taken after our death.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);

  if (launch.open_files && ::setrlimit(RLIMIT_NOFILE, launch.open_files) != 0) {
    give_up(launch, 'l');
  }
  if (::chdir(launch.working_dir) != 0) give_up(launch, 'd');
  ::execve(launch.arguments[0], launch.arguments.data(), launch.environment.data());
  give_up(launch, 'x');
}

// Blocks every signal meanwhile, so that no handler of ours runs in the child.
pid_t fork_into(const Launch& launch) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) become_program(launch);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) fail_with("cannot start another process", error);
  ::setpgid(pid, pid);  // Whichever of the two comes first; the other changes nothing.
  return pid;
}

// Returns once the child is the program; the pipe then closes by itself.
std::optional<StartFailure> start_failure(int pipe) {
  StartFailure failure;
  ssize_t got = 0;
  do {
    got = ::read(pipe, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof failure)) return std::nullopt;
  return failure;
}

std::string explain(const StartFailure& failure,
                    const std::string& program,
                    const ChildOptions& options) {
  const std::string reason = std::strerror(failure.error);
  if (failure.step == 'd') {
    return fmt::format("cannot start {} in {}: {}", program, options.working_dir.string(), reason);
  }
  if (failure.step == 'l') return fmt::format("cannot limit files of {}: {}", program, reason);
  return fmt::format("cannot start {}: {}", program, reason);
}

std::optional<rlimit> file_limit(const ChildOptions& options) {
  if (!options.open_files) return std::nullopt;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_max = std::min(limit.rlim_max, *options.open_files);
  limit.rlim_cur = limit.rlim_max;
  return limit;
}

}  // namespace

std::string ExitStatus::text() const {
  if (signal == 0) return fmt::format("exit code {}", code);
  return fmt::format("signal {} ({})", signal, ::strsignal(signal));
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, ChildOptions options)
    : options_{std::move(options)} {
  const FileDescriptor input = open_for_child(options_.input_file, O_RDONLY);
  const FileDescriptor log = open_for_child(options_.log_file, O_WRONLY | O_CREAT | O_APPEND);
  const std::optional<rlimit> open_files = file_limit(options_);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail_with("cannot make a pipe", errno);
  const FileDescriptor failure_in{ends[0]};
  FileDescriptor low_end{ends[1]};
  FileDescriptor failure_out{::fcntl(low_end.get(), F_DUPFD_CLOEXEC, 3)};
  low_end = FileDescriptor{};

  pid_ = fork_into({.arguments = pointers(arguments),
                    .environment = pointers(options_.environment),
                    .working_dir = options_.working_dir.c_str(),
                    .input = input.get(),
                    .log = log.get(),
                    .failure = failure_out.get(),
                    .death_signal = options_.death_signal,
                    .open_files = open_files ? &*open_files : nullptr,
                    .parent = ::getpid()});
  failure_out = FileDescriptor{};

  if (const auto failure = start_failure(failure_in.get())) {
    ::waitpid(pid_, nullptr, 0);
    throw Error{explain(*failure, arguments.front(), options_)};
  }
  // Its pid cannot be given to another before it is waited for, so this is the right process.
  process_ = FileDescriptor{::pidfd_open(pid_, 0)};
  if (!process_) {
    const int error = errno;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    fail_with("cannot watch a process", error);
  }
}

ChildProcess::~ChildProcess() {
  stop();
}

std::optional<ExitStatus> ChildProcess::poll() {
  if (status_) return status_;
  siginfo_t info{};
  const auto id = static_cast<id_t>(process_.get());
  if (::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return std::nullopt;
  status_ = info.si_code == CLD_EXITED ? ExitStatus{.code = info.si_status}
                                       : ExitStatus{.signal = info.si_status};
  return status_;
}

std::optional<ExitStatus> ChildProcess::wait_for(std::chrono::milliseconds timeout,
                                                 int interruption) {
  if (!status_ && !ends_within(timeout, interruption)) return std::nullopt;
  return poll();
}

void ChildProcess::signal(int signal) noexcept {
  if (!status_) ::pidfd_send_signal(process_.get(), signal, nullptr, 0);
}

void ChildProcess::stop(int hurry) noexcept {
  const std::vector<StopStep> steps = std::move(options_.stop_steps);
  for (const StopStep& step : steps) {
    if (poll()) return;
    signal(step.signal);
    signal(SIGCONT);  // A process that was stopped hears no other signal before.
    const bool is_last = &step == &steps.back();
    if (ends_within(step.limit, is_last ? -1 : hurry)) break;
  }
  if (poll()) return;
  signal(SIGKILL);
  [[maybe_unused]] const auto last = wait_for(milliseconds{1000});
}

bool ChildProcess::ends_within(std::chrono::milliseconds timeout, int interruption) noexcept {
  const auto deadline = steady_clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    std::array<pollfd, 2> watched{pollfd{.fd = process_.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = interruption, .events = POLLIN, .revents = 0}};
    const auto wait_ms = static_cast<int>(std::clamp<long>(left, 0, 60'000));
    ::poll(watched.data(), watched.size(), wait_ms);  // It passes over the descriptor -1.
    if (watched[0].revents != 0) return true;
    if (watched[1].revents != 0 || left <= 0) return false;
  }
}

ExitStatus run_program(const std::vector<std::string>& arguments,
                       ChildOptions options,
                       std::chrono::milliseconds limit) {
  ChildProcess program{arguments, std::move(options)};
  if (const auto status = program.wait_for(limit)) return *status;
  throw Error{fmt::format("{} did not end within {} s",
                          arguments.front(),
                          std::chrono::duration_cast<std::chrono::seconds>(limit).count())};
}

std::string last_lines(const std::filesystem::path& log_file, std::size_t lines) {
  constexpr std::streamoff kWindow = 8192;
  std::ifstream file{log_file, std::ios::binary | std::ios::ate};
  if (!file) return {};
  file.seekg(std::max<std::streamoff>(0, file.tellg() - kWindow));
  std::string window(kWindow, '\0');  // No more than this, also where somebody goes on writing.
  file.read(window.data(), kWindow);
  window.resize(static_cast<std::size_t>(file.gcount()));

  std::vector<std::string> found;
  std::istringstream text{std::move(window)};
  for (std::string line; std::getline(text, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) found.push_back(std::move(line));
  }
  const std::size_t first = found.size() > lines ? found.size() - lines : 0;
  std::string joined;
  for (std::size_t i = first; i < found.size(); ++i) {
    joined.append(joined.empty() ? "" : " | ").append(found[i]);
  }
  return joined;
}

}  // namespace base
