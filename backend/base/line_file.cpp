#include "base/line_file.hpp"

#include "base/error.hpp"
#include "base/pause.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

namespace base {
namespace {

using namespace std::chrono_literals;

constexpr auto kGather = 100ms;
constexpr auto kLook = 1s;
// A pipe that poll() calls writable takes so much without blocking (pipe(7), PIPE_BUF); a reader
// that stands still must not keep the program from ending.
constexpr std::size_t kPipePieceBytes = 4096;
constexpr int kPipePatience_ms = 1000;

std::uint64_t count_lines(std::string_view lines) {
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

}  // namespace

LineFile::LineFile(LineFileOptions options, const Log& log)
    : options_{std::move(options)}, log_{log} {
  open();
  if (!file_) {
    throw Error{"cannot write to " + options_.path + ": " + std::strerror(errno)};
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void LineFile::add(std::string_view line) {
  const bool was_empty = waiting_.with([&](Waiting& waiting) {
    const bool is_empty = waiting.lines.empty();
    if (waiting.lines.size() + line.size() >= options_.waiting_bytes_max) {
      ++waiting.dropped;
      return false;
    }
    waiting.lines.append(line).push_back('\n');
    return is_empty;
  });
  if (was_empty) has_lines_.notify();
}

void LineFile::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (has_lines_.wait_for(stop, kLook)) pause(stop, kGather);
    write_waiting();
  }
  write_waiting();
}

void LineFile::write_waiting() {
  const Waiting taken =
      waiting_.with([](Waiting& waiting) { return std::exchange(waiting, Waiting{}); });
  if (taken.lines.empty()) return;
  if (!file_) {
    open();
  } else if (file_bytes_ > 0 && file_bytes_ + taken.lines.size() > options_.file_bytes_max) {
    rotate();
  }
  errno = 0;
  const std::string_view rest = file_ ? write(taken.lines) : taken.lines;
  const int error = errno;
  report(taken.dropped + count_lines(rest), rest.empty() ? 0 : error);
}

std::string_view LineFile::write(std::string_view lines) {
  if (is_line_open_) {
    if (::write(file_.get(), "\n", 1) != 1) return lines;
    is_line_open_ = false;
  }
  while (!lines.empty()) {
    std::size_t piece = lines.size();
    if (is_standard_output()) {
      pollfd ready{.fd = file_.get(), .events = POLLOUT, .revents = 0};
      if (::poll(&ready, 1, kPipePatience_ms) <= 0) return lines;
      piece = std::min(piece, kPipePieceBytes);
    }
    const ssize_t written = ::write(file_.get(), lines.data(), piece);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return lines;
    file_bytes_ += static_cast<std::size_t>(written);
    is_line_open_ = lines[static_cast<std::size_t>(written) - 1] != '\n';
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
  return lines;
}

void LineFile::open() {
  if (is_standard_output()) {
    file_ = FileDescriptor{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)};
    return;
  }
  constexpr mode_t kOwnerOnly = 0600;
  file_ = FileDescriptor{
      ::open(options_.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kOwnerOnly)};
  struct stat facts {};
  if (file_ && ::fstat(file_.get(), &facts) == 0) {
    file_bytes_ = static_cast<std::size_t>(facts.st_size);
  }
}

void LineFile::rotate() {
  if (is_standard_output()) return;
  file_ = FileDescriptor{};
  is_line_open_ = false;
  const auto name = [this](int age) {
    return age == 0 ? options_.path : options_.path + "." + std::to_string(age);
  };
  // A file that cannot be renamed is gone on with: too long is better than none.
  for (int age = options_.files_max - 1; age > 0; --age) {
    static_cast<void>(std::rename(name(age - 1).c_str(), name(age).c_str()));
  }
  open();
}

void LineFile::report(std::uint64_t dropped, int error) {
  if (dropped > 0 && lines_lost_ == 0) {
    log_.warning("lines are lost: the file does not take them",
                 {{"file", options_.path},
                  {"reason", error == 0 ? "they come too fast" : std::strerror(error)}});
  }
  if (dropped == 0 && lines_lost_ > 0) {
    log_.info("lines are written again", {{"file", options_.path}, {"lost", lines_lost_}});
    lines_lost_ = 0;
  }
  lines_lost_ += dropped;
}

}  // namespace base
