#include "main/embedded/mosquitto.hpp"

#include "base/error.hpp"
#include "engine/requests/trust_feed.hpp"
#include "main/embedded/leftovers.hpp"
#include "main/embedded/mosquitto_probe.hpp"
#include "main/embedded/port_check.hpp"
#include "scratch.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

using embedded::BrokerCredentials;
using embedded::Health;
using embedded::Mosquitto;
using embedded::Supervisor;
using namespace std::chrono_literals;
using support::content_of;
using support::eventually;
using support::output_of;

namespace {

// Two ports of which nobody has either; below those that the kernel gives out by itself.
std::uint16_t free_ports() {
  auto port = static_cast<std::uint16_t>(15000 + ::getpid() % 4000);
  while (!embedded::is_port_free("0.0.0.0", port) ||
         !embedded::is_port_free("0.0.0.0", static_cast<std::uint16_t>(port + 1))) {
    port = static_cast<std::uint16_t>(port + 2);
  }
  return port;
}

struct MosquittoFixture : support::EmbeddedFixture {
  std::uint16_t port = free_ports();
  std::uint16_t web_socket_port = static_cast<std::uint16_t>(port + 1);

  [[nodiscard]] Mosquitto mosquitto(const std::string& host = "127.0.0.1") const {
    return Mosquitto{
        data, {.web_socket_host = host, .port = port, .web_socket_port = web_socket_port}, log};
  }
  [[nodiscard]] Supervisor supervisor() const { return Supervisor{stop_button.get(), log}; }

  [[nodiscard]] std::vector<std::string> client(const std::string& program,
                                                const BrokerCredentials& who) const {
    return {"/usr/bin/" + program,
            "-h",
            "127.0.0.1",
            "-p",
            std::to_string(port),
            "-i",
            who.username + ".test",
            "-u",
            who.username,
            "-P",
            who.password};
  }

  // Somebody with a token, and the file that makes the broker believe it.
  [[nodiscard]] BrokerCredentials guest_of(const Mosquitto& server) const {
    const base::SystemClock clock;
    const engine::requests::TokenKeyring keys{data.path() / "token-keys.json", clock, log};
    engine::requests::tell_broker_trust(server.folder(), engine::requests::own_trust(keys));
    const auto now = clock.wall();
    return {.username = "own-guest",
            .password = keys.mint({.sub = "guest", .issued_at = now, .expires_at = now + 1h})};
  }

  // Retained, so that whoever may read finds it whenever it subscribes.
  void publish(const BrokerCredentials& who, const std::string& topic) const {
    auto arguments = client("mosquitto_pub", who);
    for (const char* const part : {"-r", "-q", "1", "-m", "x", "-t"}) arguments.emplace_back(part);
    arguments.push_back(topic);
    [[maybe_unused]] const auto output = output_of(arguments);
  }

  // The topics that arrive within two seconds.
  [[nodiscard]] std::string received(const BrokerCredentials& who,
                                     const std::string& filter) const {
    auto arguments = client("mosquitto_sub", who);
    for (const char* const part : {"-W", "2", "-F", "%t", "-t"}) arguments.emplace_back(part);
    arguments.push_back(filter);
    std::string text = output_of(arguments).text;
    constexpr std::string_view kEnd = "Timed out\n";
    if (text.ends_with(kEnd)) text.resize(text.size() - kEnd.size());
    return text;
  }

  // The IPv4 and IPv6 addresses that listen on `wanted`, as the kernel lists them.
  static std::vector<std::string> listening_on(std::uint16_t wanted) {
    std::vector<std::string> addresses;
    for (const char* const table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
      std::ifstream lines{table};
      std::string number, local, remote, state;
      std::getline(lines, number);
      for (std::string line; std::getline(lines, line);) {
        std::istringstream{line} >> number >> local >> remote >> state;
        if (state != "0A" || !local.ends_with(fmt::format(":{:04X}", wanted))) continue;
        addresses.push_back(local.substr(0, local.find(':')));
      }
    }
    return addresses;
  }

  [[nodiscard]] bool lets_in(const BrokerCredentials& who) const {
    return embedded::mosquitto_probe(port, who).ask(5s) == embedded::kConnectionAccepted;
  }

  // The first line that the WebSocket side answers to a browser's upgrade.
  [[nodiscard]] std::string upgraded() const {
    const base::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(web_socket_port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      return "refused";
    }
    constexpr std::string_view kUpgrade =
        "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    if (::send(socket.get(), kUpgrade.data(), kUpgrade.size(), MSG_NOSIGNAL) < 0) return "closed";
    std::string answer(12, '\0');
    if (::recv(socket.get(), answer.data(), answer.size(), MSG_WAITALL) != 12) return "silent";
    return answer;
  }
};

const BrokerCredentials kNobody{.username = "relay", .password = "wrong"};

}  // namespace

TEST_CASE_METHOD(MosquittoFixture,
                 "whoever has a token reads places and what is theirs, and nothing else",
                 "[integration][mosquitto]") {
  Mosquitto server = mosquitto();
  const BrokerCredentials guest = guest_of(server);
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  for (const char* const topic : {"earshot/v1/geo/9q8/y/y/k/9",
                                  "earshot/v1/head/9q8/y/y",
                                  "earshot/v1/status",
                                  "earshot/v1/users/own-guest/jobs/1",
                                  "earshot/v1/users/own-somebody/jobs/1",
                                  "earshot/v1/token/someone"}) {
    publish(server.relay_credentials(), topic);
  }
  publish(server.relay_credentials(), "elsewhere");
  publish(guest, "earshot/v1/geo/9q8/y/y/k/8");

  CHECK(received(guest, "earshot/v1/geo/9q8/y/#") == "earshot/v1/geo/9q8/y/y/k/9\n");
  CHECK(received(guest, "earshot/v1/head/9q8/y/y") == "earshot/v1/head/9q8/y/y\n");
  CHECK(received(guest, "earshot/v1/status") == "earshot/v1/status\n");
  CHECK(received(guest, "earshot/v1/users/own-guest/#") == "earshot/v1/users/own-guest/jobs/1\n");
  for (const char* const filter :
       {"#", "earshot/v1/geo/#", "earshot/v1/users/+/jobs/#", "$SYS/#"}) {
    INFO(filter);
    CHECK(received(guest, filter).find("earshot") == std::string::npos);
    CHECK(received(guest, filter).find("$SYS") == std::string::npos);
  }
  CHECK(received(server.relay_credentials(), "#").empty());
}

TEST_CASE_METHOD(MosquittoFixture,
                 "a token that is denied is cut, and does not come back",
                 "[integration][mosquitto]") {
  Mosquitto server = mosquitto();
  const BrokerCredentials guest = guest_of(server);
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  REQUIRE(received(guest, "earshot/v1/status").find("not authorised") == std::string::npos);

  engine::requests::tell_broker_denied(server.folder(),
                                       wire::to_text({.callers = {"own-guest"}, .tokens = {}}));

  CHECK(eventually([&] {
    return received(guest, "earshot/v1/status").find("not authorised") != std::string::npos;
  }));
}

TEST_CASE_METHOD(MosquittoFixture,
                 "nobody enters without the right password",
                 "[integration][mosquitto]") {
  Mosquitto server = mosquitto();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));

  CHECK(lets_in(server.relay_credentials()));
  CHECK_FALSE(lets_in(kNobody));
  CHECK_FALSE(lets_in({}));
  CHECK(received(kNobody, "#").find("not authorised") != std::string::npos);
  CHECK(output_of({"/usr/bin/mosquitto_sub",
                   "-i",
                   "nameless",
                   "-h",
                   "127.0.0.1",
                   "-p",
                   std::to_string(port),
                   "-t",
                   "#",
                   "-W",
                   "1"})
            .text.find("not authorised") != std::string::npos);
}

TEST_CASE_METHOD(MosquittoFixture,
                 "passwords are new for each run and never on disk in readable form",
                 "[integration][mosquitto]") {
  const Mosquitto first = mosquitto();
  const Mosquitto second = mosquitto();
  CHECK(first.relay_credentials().password != second.relay_credentials().password);
  for (const auto& entry : std::filesystem::directory_iterator{data.path() / "mosquitto"}) {
    INFO(entry.path());
    const std::string content = content_of(entry.path());
    CHECK(content.find(second.relay_credentials().password) == std::string::npos);
    if (entry.path().extension() == ".conf") CHECK(content.find('@') == std::string::npos);
    CHECK((entry.status().permissions() & std::filesystem::perms{0137}) ==
          std::filesystem::perms::none);
  }
}

TEST_CASE_METHOD(MosquittoFixture,
                 "both listeners are bound to the given address only",
                 "[integration][mosquitto]") {
  const std::string loopback = "0100007F";
  const std::string every = "00000000";
  for (const auto& [host, expected] : {std::pair{"127.0.0.1", loopback},
                                       std::pair{"localhost", loopback},
                                       std::pair{"0.0.0.0", every}}) {
    INFO(host);
    Mosquitto server = mosquitto(host);
    Supervisor watcher = supervisor();
    REQUIRE(watcher.start(server));
    CHECK(listening_on(port) == std::vector{loopback});
    CHECK(listening_on(web_socket_port) == std::vector{expected});
    CHECK(upgraded() == "HTTP/1.1 101");
  }
}

TEST_CASE_METHOD(MosquittoFixture,
                 "a killed broker is started again with the same passwords",
                 "[integration][mosquitto]") {
  Mosquitto server = mosquitto();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));
  const auto pids = [&] { return embedded::processes_in(data.path() / "mosquitto", "mosquitto"); };
  const auto killed = pids();
  REQUIRE(killed.size() == 1);
  bool came_back = false;
  {
    const std::jthread operator_at_work{[&] {
      ::kill(killed.front(), SIGKILL);
      came_back =
          eventually([&] { return pids() != killed && lets_in(server.relay_credentials()); });
      press_stop();
    }};
    watcher.run();
  }
  CHECK(came_back);
}

TEST_CASE_METHOD(MosquittoFixture,
                 "a broker that hangs is said to, and started again when that lasts",
                 "[integration][mosquitto]") {
  const support::CapturedErrors said;
  Mosquitto server = mosquitto();
  Supervisor watcher{stop_button.get(),
                     loud_log,
                     {.look_period = 20ms, .silence_said_after = 100ms, .silence_limit = 600ms}};
  REQUIRE(watcher.start(server));
  const auto pids = [&] { return embedded::processes_in(data.path() / "mosquitto", "mosquitto"); };
  const auto hanging = pids();
  REQUIRE(hanging.size() == 1);
  bool came_back = false;
  {
    const std::jthread operator_at_work{[&] {
      ::kill(hanging.front(), SIGSTOP);
      came_back = eventually([&] { return said.count("Mosquitto is ready again") == 1; });
      press_stop();
    }};
    watcher.run();
  }
  CHECK(came_back);
  CHECK(pids() != hanging);
  // A machine under load may be slow to start it again, which is said too.
  CHECK(said.count_before("it did not answer for", "Mosquitto runs but does not answer") == 1);
}

TEST_CASE_METHOD(MosquittoFixture,
                 "a broker left behind by a killed run frees its ports",
                 "[integration][mosquitto]") {
  Mosquitto first = mosquitto();
  const auto orphan = first.spawn();
  REQUIRE(eventually([&] { return first.health() == Health::kReady; }));

  const Mosquitto second = mosquitto();

  CHECK(orphan->poll());
  CHECK(embedded::is_port_free("127.0.0.1", port));
  CHECK(embedded::is_port_free("127.0.0.1", web_socket_port));
}

TEST_CASE_METHOD(MosquittoFixture,
                 "a taken port and a missing program are one clear line",
                 "[integration][mosquitto]") {
  CHECK_THROWS_WITH((Mosquitto{data, {.broker = "/nowhere"}, log}),
                    "/nowhere is not installed: apt-get install mosquitto");
  Mosquitto server = mosquitto();
  Supervisor watcher = supervisor();
  REQUIRE(watcher.start(server));

  const support::ScratchFolder elsewhere;
  const embedded::DataDirectory other_data{elsewhere.path() / "data"};
  Mosquitto other{other_data, {.port = port, .web_socket_port = web_socket_port}, log};
  CHECK_THROWS_WITH((void)supervisor().start(other),
                    Catch::StartsWith("Mosquitto did not start (exit code 1)") &&
                        Catch::Contains("Address already in use"));
}
