#include "main/embedded/leftovers.hpp"

#include "scratch.hpp"

#include <catch2/catch.hpp>

using base::ChildProcess;
using namespace std::chrono_literals;

TEST_CASE("only the named program in exactly this folder is a leftover",
          "[integration][leftovers]") {
  const support::ScratchFolder scratch;
  const auto ours = scratch.path() / "ours";
  const auto other = scratch.path() / "other";
  std::filesystem::create_directory(ours);
  std::filesystem::create_directory(other);
  const std::vector<std::string> sleep{"/usr/bin/sleep", "60"};
  ChildProcess leftover{sleep, {.working_dir = ours}};
  ChildProcess elsewhere{sleep, {.working_dir = other}};
  ChildProcess another_program{{"/usr/bin/tail", "-f", "/dev/null"}, {.working_dir = ours}};
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};

  CHECK(embedded::processes_in(ours, "sleep") == std::vector<pid_t>{leftover.pid()});
  embedded::stop_leftovers(ours, "sleep", {{SIGTERM, 5s}}, log);

  CHECK(leftover.poll()->signal == SIGTERM);
  CHECK_FALSE(elsewhere.poll());
  CHECK_FALSE(another_program.poll());
}

TEST_CASE("a leftover that refuses is killed", "[integration][leftovers]") {
  const support::ScratchFolder scratch;
  const auto ready = scratch.path() / "ready";
  ChildProcess leftover{{"/bin/bash", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"},
                        {.working_dir = scratch.path(), .log_file = ready}};
  REQUIRE(support::eventually([&] { return support::content_of(ready) == "up\n"; }));
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};

  embedded::stop_leftovers(scratch.path(), "bash", {{SIGTERM, 100ms}}, log);

  CHECK(leftover.poll()->signal == SIGKILL);
}

TEST_CASE("a leftover that was stopped hears the signal all the same", "[integration][leftovers]") {
  const support::ScratchFolder scratch;
  ChildProcess leftover{{"/usr/bin/sleep", "60"}, {.working_dir = scratch.path()}};
  leftover.signal(SIGSTOP);
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};

  embedded::stop_leftovers(scratch.path(), "sleep", {{SIGTERM, 20s}}, log);

  CHECK(leftover.poll()->signal == SIGTERM);
}

TEST_CASE("what is left after the oldest goes too", "[integration][leftovers]") {
  const support::ScratchFolder scratch;
  const std::vector<std::string> sleep{"/usr/bin/sleep", "60"};
  ChildProcess oldest{sleep, {.working_dir = scratch.path()}};
  ChildProcess next{sleep, {.working_dir = scratch.path()}};
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};

  embedded::stop_leftovers(scratch.path(), "sleep", {{SIGTERM, 5s}}, log);

  CHECK(oldest.poll()->signal == SIGTERM);
  CHECK(next.poll()->signal == SIGKILL);
}
