#include "base/last_resort.hpp"

#include "base/child_process.hpp"
#include "base/pause.hpp"
#include "support/scratch_folder.hpp"

#include <catch2/catch.hpp>

#include <sysexits.h>

using namespace std::chrono_literals;

TEST_CASE("what does not stop is left behind", "[unit][last_resort]") {
  const support::ScratchFolder folder;
  base::ChildOptions options;
  options.log_file = folder.path() / "log";
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto end = base::run_program({self, "[never-stops]"}, options, 60s);
  CHECK(end.code == EX_SOFTWARE);
  CHECK(support::content_of(folder.path() / "log").find("does not stop when asked") !=
        std::string::npos);
}

TEST_CASE("what stops in time ends as it would have", "[unit][last_resort]") {
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::LastResort never_armed{log};
  base::LastResort armed{log};
  armed.arm(1h);
}

TEST_CASE("a part that does not stop", "[.][never-stops]") {
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::LastResort last_resort{log};
  last_resort.arm(20ms);
  while (true) base::pause({}, 1h);
}
