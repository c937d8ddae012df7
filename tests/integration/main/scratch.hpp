#pragma once

#include "base/child_process.hpp"
#include "base/file_descriptor.hpp"
#include "base/log.hpp"
#include "main/embedded/data_directory.hpp"
#include "main/embedded/supervisor.hpp"
#include "support/eventually.hpp"

#include <sys/eventfd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace support {

/// A new folder for one test, gone with it.
struct ScratchFolder {
  ScratchFolder() {
    char name[] = "/tmp/earshot-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { std::filesystem::remove_all(path); }

  std::filesystem::path path;
};

/// What a test of the embedded servers stands in: a data directory, a quiet log, a stop button.
struct EmbeddedFixture {
  ScratchFolder scratch;
  embedded::DataDirectory data{scratch.path / "data"};
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::FileDescriptor stop_button{::eventfd(0, EFD_CLOEXEC)};

  void press_stop() const { ::eventfd_write(stop_button.get(), 1); }
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

/// What a program wrote, and how it ended; at most 20 s.
struct Output {
  base::ExitStatus status;
  std::string text;
};
inline Output output_of(const std::vector<std::string>& arguments) {
  const ScratchFolder scratch;
  const auto log_file = scratch.path / "output";
  const auto status =
      base::run_program(arguments, {.log_file = log_file}, std::chrono::seconds{20});
  return {status, content_of(log_file)};
}

}  // namespace support
