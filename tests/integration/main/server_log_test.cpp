#include "main/embedded/server_log.hpp"

#include "base/child_process.hpp"
#include "scratch.hpp"

#include <catch2/catch.hpp>

using embedded::cut_log;
using embedded::last_words;
using namespace std::chrono_literals;
using support::content_of;
using support::eventually;
using support::ScratchFolder;

namespace {

struct LogFixture {
  ScratchFolder scratch;
  std::filesystem::path log = scratch.path() / "log";
  std::filesystem::path kept = scratch.path() / "log.1";

  void append(const std::string& text) const { std::ofstream{log, std::ios::app} << text; }
};

}  // namespace

TEST_CASE_METHOD(LogFixture,
                 "a log over its limit is put aside, the one before goes",
                 "[integration][log]") {
  append("1234567890");
  cut_log(log, 10);
  CHECK(content_of(log) == "1234567890");
  CHECK_FALSE(std::filesystem::exists(kept));
  append("x");
  cut_log(log, 10);
  CHECK(content_of(log).empty());
  CHECK(content_of(kept) == "1234567890x");
  CHECK(std::filesystem::status(kept).permissions() == std::filesystem::perms{0600});
  append("the second time");
  cut_log(log, 10);
  CHECK(content_of(kept) == "the second time");
  cut_log(scratch.path() / "none", 10);
}

TEST_CASE_METHOD(LogFixture,
                 "a running server goes on in the log that was cut",
                 "[integration][log]") {
  const std::string counts = "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo $i; done; ";
  base::ChildProcess server{
      {"/bin/sh", "-c", counts + "while [ ! -e go ]; do sleep 0.01; done; echo last words; exit 1"},
      {.working_dir = scratch.path(), .log_file = log}};
  REQUIRE(eventually([&] { return content_of(log).ends_with("\n400\n"); }));
  const std::string before = content_of(log);

  cut_log(log, 1000);
  std::ofstream{scratch.path() / "go"} << "";

  REQUIRE(server.wait_for(20s));
  CHECK(content_of(kept) == before);
  CHECK(content_of(log) == "last words\n");
}

TEST_CASE_METHOD(LogFixture,
                 "where nothing can be kept the log is cut all the same",
                 "[integration][log]") {
  append("too much of it");
  SECTION("the disk is full") {
    std::filesystem::create_symlink("/dev/full", kept);
  }
  SECTION("something is in the way") {
    std::filesystem::create_directory(kept);
  }
  cut_log(log, 10);
  CHECK(content_of(log).empty());
}

TEST_CASE_METHOD(LogFixture,
                 "a log that is no file is left alone, and its end is bounded",
                 "[integration][log]") {
  for (const char* const device : {"/dev/full", "/dev/null"}) {
    std::filesystem::create_symlink(device, log);
    cut_log(log, 10);
    CHECK(last_words(log, 2).size() <= 8192);
    std::filesystem::remove(log);
  }
}

TEST_CASE_METHOD(LogFixture,
                 "last words are one line, with advice where there is any",
                 "[integration][log]") {
  append("one\ntwo\n\nthree\n");
  CHECK(last_words(log, 2) == "two | three");
  append("could not extend file: No space left on device\ngiving up\n");
  CHECK(last_words(log, 1) == "giving up");
  CHECK(last_words(log, 3) ==
        "could not extend file: No space left on device; the disk is full: free some space and "
        "start again");
}
