#include "main/embedded/supervisor.hpp"

#include "base/error.hpp"
#include "main/embedded/stop_signals.hpp"
#include "scratch.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

using embedded::Supervisor;
using namespace std::chrono_literals;
using support::content_of;
using support::eventually;

namespace {

// A server that is a shell script; ready when its log has the word "up".
class Script final : public embedded::Supervised {
 public:
  Script(std::filesystem::path log_file, std::string script)
      : log_file_{std::move(log_file)}, script_{std::move(script)} {}

  [[nodiscard]] std::string_view name() const noexcept override { return "script"; }
  [[nodiscard]] const std::filesystem::path& log_file() const noexcept override {
    return log_file_;
  }
  [[nodiscard]] std::unique_ptr<base::ChildProcess> spawn() override {
    if (failures_ > 0 && spawned_ > 0) {
      --failures_;
      throw base::Error{"injected"};
    }
    ++spawned_;
    return std::make_unique<base::ChildProcess>(std::vector<std::string>{"/bin/sh", "-c", script_},
                                                base::ChildOptions{.log_file = log_file_});
  }
  [[nodiscard]] bool is_ready() override { return times_up() > 0; }

  void inject_spawn_failures(int failures) { failures_ = failures; }
  [[nodiscard]] int times_up() const {
    const std::string log = content_of(log_file_);
    int times = 0;
    for (auto at = log.find("up"); at != std::string::npos; at = log.find("up", at + 1)) ++times;
    return times;
  }

 private:
  std::filesystem::path log_file_;
  std::string script_;
  int spawned_ = 0;
  int failures_ = 0;
};

struct SupervisorFixture : support::EmbeddedFixture {
  [[nodiscard]] std::filesystem::path log_file(const std::string& name) const {
    return data.path() / name;
  }
};

// Lives until it is told to die by a file, and from then on dies at once.
std::string dies_when_told(const std::filesystem::path& told) {
  return "echo up; while [ ! -e " + told.string() + " ]; do sleep 0.01; done; exit 1";
}

constexpr const char* kRunsForEver = "echo up; exec sleep 60";

}  // namespace

TEST_CASE_METHOD(SupervisorFixture,
                 "a server that dies is started again until a stop is asked for",
                 "[integration][supervisor]") {
  Script server{log_file("log"), dies_when_told(log_file("told"))};
  Supervisor supervisor{stop_button.get(), log, {.first_pause = 10ms, .longest_pause = 20ms}};
  REQUIRE(supervisor.start(server));
  server.inject_spawn_failures(2);
  std::ofstream{log_file("told")} << "";
  bool came_back = false;
  {
    const std::jthread operator_at_work{[&] {
      came_back = eventually([&] { return server.times_up() >= 4; });
      press_stop();
    }};
    supervisor.run();
  }
  CHECK(came_back);
}

TEST_CASE_METHOD(SupervisorFixture,
                 "the pauses between restarts double",
                 "[integration][supervisor]") {
  Script server{log_file("log"), dies_when_told(log_file("told"))};
  Supervisor supervisor{stop_button.get(), log, {.first_pause = 20ms, .longest_pause = 10s}};
  REQUIRE(supervisor.start(server));
  std::ofstream{log_file("told")} << "";
  const auto begin = std::chrono::steady_clock::now();
  {
    const std::jthread operator_at_work{[&] {
      CHECK(eventually([&] { return server.times_up() >= 5; }));
      press_stop();
    }};
    supervisor.run();
  }
  // 20 + 40 + 80 + 160 ms come before the fifth start.
  CHECK(std::chrono::steady_clock::now() - begin >= 300ms);
}

TEST_CASE_METHOD(SupervisorFixture,
                 "a server that dies before it is ready is an error with its last words",
                 "[integration][supervisor]") {
  Script server{log_file("log"), "echo the disk is full; exit 4"};
  Supervisor supervisor{stop_button.get(), log};
  CHECK_THROWS_WITH((void)supervisor.start(server),
                    "script did not start (exit code 4): the disk is full; its log is " +
                        server.log_file().string());
}

TEST_CASE_METHOD(SupervisorFixture,
                 "a stop ends the wait for a server that is not ready",
                 "[integration][supervisor]") {
  Script server{log_file("log"), "exec sleep 60"};
  Supervisor supervisor{stop_button.get(), log};
  press_stop();
  CHECK_FALSE(supervisor.start(server));
}

TEST_CASE_METHOD(SupervisorFixture,
                 "servers stop in the reverse order of their start",
                 "[integration][supervisor]") {
  const std::string trap = "trap 'echo {} >> " + log_file("order").string() +
                           "; exit' TERM; echo up; while :; do sleep 0.02; done";
  const auto named = [&](const std::string& name) {
    std::string script = trap;
    return script.replace(script.find("{}"), 2, name);
  };
  Script first{log_file("first"), named("first")};
  Script second{log_file("second"), named("second")};
  {
    Supervisor supervisor{stop_button.get(), log};
    REQUIRE(supervisor.start(first));
    REQUIRE(supervisor.start(second));
  }
  CHECK(content_of(log_file("order")) == "second\nfirst\n");
}

TEST_CASE_METHOD(SupervisorFixture,
                 "a long log is put aside when its server starts",
                 "[integration][supervisor]") {
  { std::ofstream{log_file("log")} << std::string(10'000'001, 'x'); }
  Script server{log_file("log"), kRunsForEver};
  Supervisor supervisor{stop_button.get(), log};
  REQUIRE(supervisor.start(server));
  CHECK(content_of(log_file("log")) == "up\n");
  CHECK(std::filesystem::file_size(log_file("log.1")) == 10'000'001);
}

TEST_CASE("the stop signals become readable instead of deadly", "[integration][supervisor]") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const embedded::StopSignals signals;
      pollfd watched{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
      if (::poll(&watched, 1, 0) != 0) ::_exit(1);
      ::raise(signal);
      ::_exit(::poll(&watched, 1, 5000) == 1 && ::poll(&watched, 1, 0) == 1 ? 0 : 2);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
}
