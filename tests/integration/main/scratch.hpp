#pragma once

#include "base/child_process.hpp"
#include "base/file_descriptor.hpp"
#include "base/log.hpp"
#include "main/embedded/data_directory.hpp"
#include "main/embedded/supervisor.hpp"
#include "support/eventually.hpp"
#include "support/scratch_folder.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace support {

/// What a test of the embedded servers stands in: a data directory, a quiet log, a stop button.
struct EmbeddedFixture {
  ScratchFolder scratch;
  embedded::DataDirectory data{scratch.path() / "data"};
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::Log loud_log{base::LogFormat::kText, base::LogLevel::kInfo};
  base::FileDescriptor stop_button{::eventfd(0, EFD_CLOEXEC)};

  void press_stop() const { ::eventfd_write(stop_button.get(), 1); }
};

/// What is written to standard error, as the log is, while it lives.
class CapturedErrors {
 public:
  CapturedErrors() {
    const base::FileDescriptor file{
        ::open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    ::dup2(file.get(), STDERR_FILENO);
  }
  CapturedErrors(const CapturedErrors&) = delete;
  CapturedErrors& operator=(const CapturedErrors&) = delete;
  ~CapturedErrors() { ::dup2(before_.get(), STDERR_FILENO); }

  [[nodiscard]] std::string text() const { return content_of(path()); }
  [[nodiscard]] int count(const std::string& words) const { return times_in(text(), words); }

  /// How often they were said before `end` was for the first time; none: `end` was never said.
  [[nodiscard]] std::optional<int> count_before(const std::string& end,
                                                const std::string& words) const {
    const std::string all = text();
    const auto at = all.find(end);
    if (at == std::string::npos) return std::nullopt;
    return times_in(all.substr(0, at), words);
  }

  static int times_in(const std::string& text, const std::string& words) {
    int times = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1))
      ++times;
    return times;
  }

 private:
  [[nodiscard]] std::filesystem::path path() const { return scratch_.path() / "errors"; }

  ScratchFolder scratch_;
  base::FileDescriptor before_{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)};
};

/// What a program wrote, and how it ended; at most 20 s.
struct Output {
  base::ExitStatus status;
  std::string text;
};
inline Output output_of(const std::vector<std::string>& arguments) {
  const ScratchFolder scratch;
  const auto log_file = scratch.path() / "output";
  const auto status =
      base::run_program(arguments, {.log_file = log_file}, std::chrono::seconds{20});
  return {status, content_of(log_file)};
}

}  // namespace support
