#include "main/embedded/supervisor.hpp"

#include "base/error.hpp"
#include "base/pause.hpp"
#include "main/embedded/stop_signals.hpp"
#include "scratch.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

using embedded::Health;
using embedded::Supervisor;
using embedded::SupervisorOptions;
using namespace std::chrono_literals;
using support::content_of;
using support::eventually;

namespace {

// A server that is a shell script; it answers from when its log has the word "up".
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
    return std::make_unique<base::ChildProcess>(
        std::vector<std::string>{"/bin/sh", "-c", script_},
        base::ChildOptions{.log_file = log_file_, .stop_steps = stop_steps});
  }
  [[nodiscard]] Health health() override {
    const Health injected = injected_;
    return injected == Health::kReady && times_up() == 0 ? Health::kSilent : injected;
  }

  void inject_spawn_failures(int failures) { failures_ = failures; }
  void inject_health(Health health) { injected_ = health; }  // From any thread.
  [[nodiscard]] int times_up() const {
    return support::CapturedErrors::times_in(content_of(log_file_), "up");
  }

  std::vector<base::StopStep> stop_steps{base::StopStep{}};

 private:
  std::filesystem::path log_file_;
  std::string script_;
  int spawned_ = 0;
  int failures_ = 0;
  std::atomic<Health> injected_{Health::kReady};
};

struct SupervisorFixture : support::EmbeddedFixture {
  [[nodiscard]] std::filesystem::path log_file(const std::string& name) const {
    return data.path() / name;
  }

  // Runs the supervisor until `is_enough`, then presses the stop button; false: it never was.
  [[nodiscard]] bool run_until(Supervisor& supervisor,
                               const std::function<bool()>& is_enough) const {
    bool was_enough = false;
    {
      const std::jthread operator_at_work{[&] {
        was_enough = eventually(is_enough);
        press_stop();
      }};
      supervisor.run();
    }
    return was_enough;
  }
};

// Lives until it is told to die by a file, and from then on dies at once.
std::string dies_when_told(const std::filesystem::path& told, const std::string& end = "exit 1") {
  return "echo up; while [ ! -e " + told.string() + " ]; do sleep 0.01; done; " + end;
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
  CHECK(run_until(supervisor, [&] { return server.times_up() >= 4; }));
}

TEST_CASE_METHOD(SupervisorFixture,
                 "the pauses between restarts double",
                 "[integration][supervisor]") {
  Script server{log_file("log"), dies_when_told(log_file("told"))};
  Supervisor supervisor{stop_button.get(), log, {.first_pause = 20ms, .longest_pause = 10s}};
  REQUIRE(supervisor.start(server));
  std::ofstream{log_file("told")} << "";
  const auto begin = std::chrono::steady_clock::now();
  CHECK(run_until(supervisor, [&] { return server.times_up() >= 5; }));
  // 20 + 40 + 80 + 160 ms come before the fifth start.
  CHECK(std::chrono::steady_clock::now() - begin >= 300ms);
}

TEST_CASE_METHOD(SupervisorFixture,
                 "a server that dies at once each time is reported with its last words, with "
                 "pauses that grow to the longest",
                 "[integration][supervisor]") {
  const support::CapturedErrors said;
  Script server{log_file("log"),
                dies_when_told(log_file("told"), "echo the disk; echo is full; exit 4")};
  Supervisor supervisor{stop_button.get(), loud_log, {.first_pause = 10ms, .longest_pause = 40ms}};
  REQUIRE(supervisor.start(server));
  std::ofstream{log_file("told")} << "";
  CHECK(run_until(supervisor, [&] { return said.count("will be started again") >= 5; }));
  const std::string reason =
      R"(script ended and will be started again  reason="exit code 4"  pause_ms=)";
  const std::string words = R"(  it_said="up | the disk | is full)";
  CHECK(said.count(reason + "10" + words) == 1);
  CHECK(said.count(reason + "20  it_said=") == 1);
  CHECK(said.count(reason + "40  it_said=") >= 3);
  CHECK(said.count(reason) ==
        said.count(reason + "10 ") + said.count(reason + "20 ") + said.count(reason + "40 "));
}

TEST_CASE_METHOD(SupervisorFixture,
                 "after a time as a healthy server the pauses begin anew",
                 "[integration][supervisor]") {
  const support::CapturedErrors said;
  const std::string lives_a_little = "echo up; sleep 0.3; exit 1";
  for (const auto& [healthy_after, times] : {std::pair{50ms, 3}, std::pair{60'000ms, 1}}) {
    const int before = said.count("pause_ms=10 ");
    const int deaths = said.count("will be started again");
    Script server{log_file("log"), lives_a_little};
    Supervisor supervisor{stop_button.get(),
                          loud_log,
                          {.first_pause = 10ms,
                           .longest_pause = 1s,
                           .healthy_after = healthy_after,
                           .look_period = 10ms}};
    REQUIRE(supervisor.start(server));
    CHECK(run_until(supervisor, [&] { return said.count("will be started again") >= deaths + 3; }));
    CHECK(said.count("pause_ms=10 ") - before == times);
  }
}

TEST_CASE_METHOD(SupervisorFixture,
                 "a server that cannot be started again is tried again, with the reason",
                 "[integration][supervisor]") {
  const support::CapturedErrors said;
  Script server{log_file("log"), dies_when_told(log_file("told"), "exit 1")};
  Supervisor supervisor{stop_button.get(), loud_log, {.first_pause = 10ms, .longest_pause = 20ms}};
  REQUIRE(supervisor.start(server));
  server.inject_spawn_failures(2);
  std::ofstream{log_file("told")} << "";
  CHECK(run_until(supervisor, [&] { return server.times_up() >= 2; }));
  CHECK(said.count(R"(cannot be started and is tried again  reason="injected")") == 2);
}

TEST_CASE_METHOD(SupervisorFixture,
                 "a silent server is complained of once, and once it is heard again",
                 "[integration][supervisor]") {
  const support::CapturedErrors said;
  Script server{log_file("log"), kRunsForEver};
  Supervisor supervisor{stop_button.get(),
                        loud_log,
                        {.look_period = 5ms, .silence_said_after = 50ms, .silence_limit = 60s}};
  REQUIRE(supervisor.start(server));
  server.inject_health(Health::kSilent);
  CHECK(run_until(supervisor, [&] {
    if (said.count("script runs but does not answer") == 0) return false;
    base::pause({}, 100ms);  // Time to say it again, many times.
    server.inject_health(Health::kReady);
    return eventually([&] { return said.count("script answers again") == 1; });
  }));
  CHECK(said.count("does not answer") == 1);
  CHECK(said.count("answers again") == 1);
  CHECK(server.times_up() == 1);
}

TEST_CASE_METHOD(SupervisorFixture,
                 "a server that stays silent is started again; one that refuses is not",
                 "[integration][supervisor]") {
  const support::CapturedErrors said;
  Script server{log_file("log"), kRunsForEver};
  Supervisor supervisor{
      stop_button.get(),
      loud_log,
      {.first_pause = 1ms, .look_period = 5ms, .silence_said_after = 10ms, .silence_limit = 50ms}};
  REQUIRE(supervisor.start(server));
  SECTION("silent") {
    server.inject_health(Health::kSilent);
    CHECK(run_until(supervisor, [&] { return server.times_up() >= 2; }));
    CHECK(said.count("was stopped and will be started again  reason=\"it did not answer") >= 1);
  }
  SECTION("refusing") {
    server.inject_health(Health::kRefusing);
    CHECK(run_until(supervisor, [&] {
      base::pause({}, 200ms);
      return true;
    }));
    CHECK(server.times_up() == 1);
    CHECK(said.text().empty());
  }
}

TEST_CASE_METHOD(SupervisorFixture,
                 "the wait for the first answer is said to go on, with what the server says",
                 "[integration][supervisor]") {
  const support::CapturedErrors said;
  Script server{log_file("log"), "echo replaying; sleep 0.5; echo up; exec sleep 60"};
  Supervisor supervisor{stop_button.get(), loud_log, {.news_period = 60ms}};
  REQUIRE(supervisor.start(server));
  const int times = said.count(R"(waiting for script  waited_s=0  it_says="replaying")");
  CHECK(times >= 2);
  CHECK(times <= 9);
}

TEST_CASE_METHOD(SupervisorFixture,
                 "a second wish to stop shortens the wait, and is said",
                 "[integration][supervisor]") {
  const support::CapturedErrors said;
  for (const int wishes : {1, 2}) {
    INFO(wishes);
    const auto begin = std::chrono::steady_clock::now();
    {
      Script server{log_file("log"), "trap '' INT; echo up; while :; do sleep 0.02; done"};
      server.stop_steps = {{SIGINT, wishes == 1 ? 600ms : 60s}, {SIGTERM, 5s}};
      Supervisor supervisor{stop_button.get(), loud_log};
      REQUIRE(supervisor.start(server));
      for (int i = 0; i < wishes; ++i) {
        press_stop();
        if (i == 0) supervisor.run();
      }
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK((took >= 600ms) == (wishes == 1));
    CHECK(took < 20s);
    CHECK(said.count("stopped at once, as asked") == wishes - 1);
  }
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
                 "a long log is put aside when its server starts, and while it runs",
                 "[integration][supervisor]") {
  const SupervisorOptions options{.look_period = 10ms, .log_bytes_max = 1000};
  std::ofstream{log_file("log")} << std::string(1001, 'x');
  Script server{log_file("log"), "echo up; while :; do echo of much; sleep 0.001; done"};
  Supervisor supervisor{stop_button.get(), log, options};
  REQUIRE(supervisor.start(server));
  CHECK(content_of(log_file("log.1")) == std::string(1001, 'x'));

  CHECK(run_until(supervisor,
                  [&] { return content_of(log_file("log.1")).starts_with("up\nof much\n"); }));
  CHECK(std::filesystem::file_size(log_file("log.1")) > 1000);
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

TEST_CASE("a reader who leaves does not end the service", "[integration][supervisor]") {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const embedded::StopSignals signals;
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(1);
    ::close(ends[0]);
    ::_exit(::write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  CHECK(status == 0);
}
