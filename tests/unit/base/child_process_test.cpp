#include "base/child_process.hpp"

#include "base/error.hpp"
#include "support/eventually.hpp"
#include "support/scratch_folder.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

using base::ChildOptions;
using base::ChildProcess;
using base::ExitStatus;
using support::content_of;
using support::ScratchFolder;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

ExitStatus run(const std::string& script, ChildOptions options = {}) {
  return base::run_program(shell(script), std::move(options), 10s);
}

// Waits for a line that a script writes when it has come so far.
std::string first_line(const std::filesystem::path& path) {
  std::string line;
  REQUIRE(support::eventually([&] {
    std::ifstream file{path};
    return std::getline(file, line) && !file.eof();
  }));
  return line;
}

bool is_alive(pid_t pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string number;
  std::string name;
  std::string state;
  return static_cast<bool>(stat >> number >> name >> state) && state != "Z" && state != "X";
}

}  // namespace

TEST_CASE("a program's end is reported as it was", "[unit][child_process]") {
  CHECK(run("exit 0").is_success());
  CHECK(run("exit 3").text() == "exit code 3");
  CHECK(run("kill -9 $$").text() == "signal 9 (Killed)");
  CHECK_FALSE(run("kill -9 $$").is_success());
}

TEST_CASE("a program that cannot be started is an error with its reason", "[unit][child_process]") {
  CHECK_THROWS_WITH((ChildProcess{{"/nowhere/program"}, {}}),
                    "cannot start /nowhere/program: No such file or directory");
  CHECK_THROWS_WITH((ChildProcess{{"/etc/passwd"}, {}}),
                    "cannot start /etc/passwd: Permission denied");
  CHECK_THROWS_WITH((ChildProcess{{"/bin/true"}, {.working_dir = "/nowhere"}}),
                    "cannot start /bin/true in /nowhere: No such file or directory");
  CHECK_THROWS_WITH((ChildProcess{{"/bin/true"}, {.log_file = "/nowhere/log"}}),
                    "cannot open /nowhere/log: No such file or directory");
}

TEST_CASE("both outputs are appended to the log file", "[unit][child_process]") {
  const ScratchFolder scratch;
  const auto log = scratch.path() / "log";
  CHECK(run("echo one; echo two >&2", {.log_file = log}).is_success());
  CHECK(run("echo three", {.log_file = log}).is_success());
  CHECK(content_of(scratch.path() / "log") == "one\ntwo\nthree\n");
  CHECK(base::last_lines(log, 2) == "two | three");
  CHECK(std::filesystem::status(log).permissions() == std::filesystem::perms{0600});
  CHECK(base::last_lines(scratch.path() / "none", 2).empty());
}

TEST_CASE("a child gets its own environment, folder, input and limit, and nothing of ours",
          "[unit][child_process]") {
  const ScratchFolder scratch;
  std::ofstream{scratch.path() / "input"} << "from a file\n";
  ::setenv("EARSHOT_TEST_SECRET", "hidden", 1);
  const int leaked = ::open("/dev/null", O_RDONLY);  // Without O_CLOEXEC, as a library might.

  // The fourth descriptor is the folder that is being looked at. (In a pipe the shell may have one
  // more.)
  CHECK(run("cat; pwd; ulimit -n; env | sort; set -- /proc/$$/fd/*; echo $#",
            {.environment = {"PATH=/usr/bin:/bin", "COLOUR=green"},
             .working_dir = "/usr",
             .input_file = scratch.path() / "input",
             .log_file = scratch.path() / "log",
             .open_files = 123})
            .is_success());

  ::close(leaked);
  CHECK(content_of(scratch.path() / "log") ==
        "from a file\n/usr\n123\nCOLOUR=green\nPATH=/usr/bin:/bin\nPWD=/usr\n4\n");
}

TEST_CASE("a child has its own process group and no blocked signals", "[unit][child_process]") {
  const ScratchFolder scratch;
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  {
    ChildProcess child{shell("sleep 60"), {}};
    CHECK(::getpgid(child.pid()) == child.pid());
    child.signal(SIGTERM);
    const auto status = child.wait_for(5s);
    REQUIRE(status);
    CHECK(status->signal == SIGTERM);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
}

TEST_CASE("waiting is bounded, and the end wakes it at once", "[unit][child_process]") {
  ChildProcess child{shell("sleep 60"), {}};
  CHECK_FALSE(child.poll());
  CHECK_FALSE(child.wait_for(20ms));
  child.signal(SIGKILL);
  const auto before = std::chrono::steady_clock::now();
  REQUIRE(child.wait_for(30s));
  CHECK(std::chrono::steady_clock::now() - before < 10s);
  CHECK(child.poll()->signal == SIGKILL);
  child.signal(SIGTERM);  // Nobody is there: nothing happens.
}

TEST_CASE("the destructor stops a child, also one that refuses", "[unit][child_process]") {
  const ScratchFolder scratch;
  const auto ready = scratch.path() / "ready";
  const std::string script = "trap 'echo no' TERM; echo up; while :; do sleep 0.05; done";
  pid_t pid = 0;
  {
    ChildProcess child{shell(script), {.log_file = ready, .stop_steps = {{SIGTERM, 200ms}}}};
    pid = child.pid();
    CHECK(first_line(ready) == "up");
  }
  CHECK_FALSE(is_alive(pid));
  CHECK(content_of(scratch.path() / "ready").find("no") != std::string::npos);
}

TEST_CASE("stop steps are taken in order, until one works", "[unit][child_process]") {
  const ScratchFolder scratch;
  const auto log = scratch.path() / "log";
  const std::string script =
      "trap 'echo int' INT; trap 'echo term; exit 7' TERM; echo up; while :; do sleep 0.05; done";
  ChildProcess child{shell(script),
                     {.log_file = log, .stop_steps = {{SIGINT, 300ms}, {SIGTERM, 5s}}}};
  CHECK(first_line(log) == "up");
  child.stop();
  CHECK(child.poll()->text() == "exit code 7");
  CHECK(content_of(scratch.path() / "log") == "up\nint\nterm\n");
}

TEST_CASE("a child dies with its parent, also when that is killed", "[unit][child_process]") {
  const ScratchFolder scratch;
  const auto log = scratch.path() / "log";
  const pid_t parent = ::fork();
  if (parent == 0) {
    const ChildProcess child{shell("echo $$; exec sleep 60"), {.log_file = log}};
    ::pause();
    ::_exit(0);
  }
  const pid_t child = std::stoi(first_line(log));
  CHECK(is_alive(child));

  ::kill(parent, SIGKILL);

  CHECK(support::eventually([&] { return !is_alive(child); }));
}

TEST_CASE("a program that takes too long is stopped", "[unit][child_process]") {
  CHECK_THROWS_WITH(base::run_program(shell("sleep 60"), {}, 50ms),
                    "/bin/sh did not end within 0 s");
}
