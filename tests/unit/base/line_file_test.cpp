#include "base/line_file.hpp"

#include "base/error.hpp"
#include "support/eventually.hpp"
#include "support/scratch_folder.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using base::LineFile;
using support::content_of;
using support::eventually;

namespace {

struct LineFileCase {
  support::ScratchFolder scratch;
  std::filesystem::path path = scratch.path() / "lines";
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};

  [[nodiscard]] std::filesystem::path old(int age) const {
    return path.string() + "." + std::to_string(age);
  }
};

/// `prefix` and a number, 100 bytes with the line break.
std::string long_line(const std::string& prefix, int number) {
  std::string line = prefix + std::to_string(number);
  line.resize(99, '.');
  return line;
}

}  // namespace

TEST_CASE_METHOD(LineFileCase, "a line is in the file soon, and at the end", "[unit][base]") {
  {
    LineFile file{{.path = path}, log};
    file.add("one");
    CHECK(eventually([this] { return content_of(path) == "one\n"; }));
    file.add("two");
    file.add("three");
  }
  CHECK(content_of(path) == "one\ntwo\nthree\n");
  {
    LineFile file{{.path = path}, log};
    file.add("four");
  }
  CHECK(content_of(path) == "one\ntwo\nthree\nfour\n");
}

TEST_CASE_METHOD(LineFileCase, "only the owner can read it", "[unit][base]") {
  const LineFile file{{.path = path}, log};
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
}

TEST_CASE_METHOD(LineFileCase, "a file that is full makes room for a new one", "[unit][base]") {
  for (int round = 0; round < 8; ++round) {
    LineFile file{{.path = path, .file_bytes_max = 1'000, .files_max = 3}, log};
    for (int line = 0; line < 6; ++line) file.add(long_line("r" + std::to_string(round), line));
  }
  CHECK(content_of(path).starts_with("r7"));
  CHECK(content_of(old(1)).starts_with("r6"));
  CHECK(content_of(old(2)).starts_with("r5"));
  CHECK_FALSE(std::filesystem::exists(old(3)));
  for (const auto& each : {path, old(1), old(2)}) {
    CHECK(std::filesystem::file_size(each) == 600);
  }
}

TEST_CASE_METHOD(LineFileCase, "lines of many threads stay whole", "[unit][base]") {
  {
    LineFile file{{.path = path}, log};
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&file, thread] {
        for (int line = 0; line < 1'000; ++line) file.add(long_line(std::to_string(thread), line));
      });
    }
  }
  const std::string all = content_of(path);
  REQUIRE(all.size() == 400'000);
  for (std::size_t at = 99; at < all.size(); at += 100) REQUIRE(all[at] == '\n');
}

TEST_CASE_METHOD(LineFileCase,
                 "too many lines at once are dropped, not waited for",
                 "[unit][base]") {
  {
    LineFile file{{.path = path, .waiting_bytes_max = 1'000}, log};
    for (int line = 0; line < 10'000; ++line) file.add(long_line("", line));
  }
  const std::string all = content_of(path);
  CHECK(all.size() < 100'000);
  CHECK(all.starts_with("0."));
  CHECK(all.size() % 100 == 0);
}

TEST_CASE_METHOD(LineFileCase, "a file that cannot be had is an error", "[unit][base]") {
  CHECK_THROWS_AS((LineFile{{.path = scratch.path() / "no" / "such"}, log}), base::Error);
}

TEST_CASE_METHOD(LineFileCase, "a full disk costs lines and nothing else", "[unit][base]") {
  // /dev/full opens, and refuses every byte with ENOSPC.
  LineFile file{{.path = "/dev/full"}, log};
  for (int line = 0; line < 1'000; ++line) file.add("lost");
}

TEST_CASE_METHOD(LineFileCase,
                 "a reader that stands still does not hold up the end",
                 "[unit][base]") {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const base::FileDescriptor reader{ends[0]};
  const base::FileDescriptor before{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)};
  {
    const base::FileDescriptor writer{ends[1]};
    ::dup2(writer.get(), STDOUT_FILENO);
  }
  {
    LineFile file{{.path = "-"}, log};
    // More than a pipe holds.
    for (int line = 0; line < 2'000; ++line) file.add(long_line("", line));
  }
  ::dup2(before.get(), STDOUT_FILENO);
  char first = 0;
  CHECK(::read(reader.get(), &first, 1) == 1);
  CHECK(first == '0');
}
