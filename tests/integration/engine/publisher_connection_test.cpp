#include "engine/bridge/publisher_connection.hpp"

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/wake_signal.hpp"
#include "support/eventually.hpp"
#include "support/mqtt_packet.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

using engine::bridge::PublisherConnection;
using engine::bridge::PublisherThread;
using engine::bridge::Report;
using engine::bridge::Reports;
using engine::bridge::RetainedMessage;
using support::eventually;
using support::Packet;
using support::PacketType;
using namespace std::chrono_literals;
using namespace std::string_literals;
using Kind = Report::Kind;

namespace {

/// A broker that says what the test tells it to, for what no Mosquitto does.
class OddBroker {
 public:
  OddBroker() : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_.get(), any, size) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
    REQUIRE(::getsockname(listener_.get(), any, &size) == 0);
    port_ = ntohs(address.sin_port);
  }

  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

  void accept() {
    pollfd waiting{.fd = listener_.get(), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&waiting, 1, 10'000) == 1);
    client_ = base::FileDescriptor{::accept(listener_.get(), nullptr, nullptr)};
    received_.clear();
  }
  void say(std::string_view bytes) {
    REQUIRE(::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() { client_ = base::FileDescriptor{}; }

  /// The next packet; none when nothing comes for `patience`, or the client has hung up.
  std::optional<Packet> next(std::chrono::milliseconds patience = 10s) {
    while (true) {
      if (auto packet = support::take_packet(received_)) return packet;
      pollfd waiting{.fd = client_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
      std::array<char, 4096> buffer{};
      const ssize_t size = ::recv(client_.get(), buffer.data(), buffer.size(), 0);
      if (size <= 0) return std::nullopt;
      received_.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  base::FileDescriptor listener_;
  base::FileDescriptor client_;
  int port_{0};
  std::string received_;
};

const std::string kWelcome = "\x20\x03\x00\x00\x00"s;
const std::string kTwoAtATime = "\x20\x06\x00\x00\x03\x21\x00\x02"s;
const std::string kEverySecond = "\x20\x06\x00\x00\x03\x13\x00\x01"s;

class ConnectionCase {
 public:
  /// The next report; waits for it.
  Report next_report() {
    REQUIRE(eventually([&] {
      for (const Report& report : reports.take().reports) all.push_back(report);
      return all.size() > seen;
    }));
    return all[seen++];
  }
  void open() { connection.open(); }
  void come_up(const std::string& welcome = kWelcome) {
    open();
    broker.accept();
    REQUIRE(broker.next()->type == PacketType::kConnect);
    broker.say(welcome);
    REQUIRE(next_report().kind == Kind::kConnected);
  }
  bool publish(std::uint64_t ticket) { return connection.publish(ticket, "topic", "payload"); }
  static std::string puback(const Packet& publish, char reason = '\0') {
    const std::size_t topic = 2 + "topic"s.size();
    return "\x40\x03"s + publish.body.substr(topic, 2) + reason;
  }

  OddBroker broker;
  base::WakeSignal wake;
  Reports reports{64, wake};
  std::vector<Report> all;
  std::size_t seen{0};
  PublisherThread thread;
  PublisherConnection connection{thread,
                                 {.url = broker.url(), .username = "me", .password = "secret"},
                                 "relay-0",
                                 /*place=*/0,
                                 {.topic = "status", .payload = "offline"},
                                 reports};
};

}  // namespace

TEST_CASE_METHOD(ConnectionCase,
                 "no more is under way than the broker has said it takes",
                 "[integration][bridge][publisher]") {
  come_up(kTwoAtATime);
  for (std::uint64_t ticket = 1; ticket <= 4; ++ticket) REQUIRE(publish(ticket));

  const auto first = broker.next();
  const auto second = broker.next();
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(broker.next(200ms));

  broker.say(puback(*first));
  CHECK(next_report().subject == 1);
  CHECK(broker.next()->type == PacketType::kPublish);
  CHECK_FALSE(broker.next(200ms));
  broker.say(puback(*second, '\x87'));
  const Report refused = next_report();
  CHECK(refused.kind == Kind::kRefused);
  CHECK(refused.subject == 2);
  CHECK(refused.code == 0x87);
  CHECK(broker.next()->type == PacketType::kPublish);
}

TEST_CASE_METHOD(
    ConnectionCase,
    "a broker that is not there, refuses, or says something else is reported as a loss",
    "[integration][bridge][publisher]") {
  open();
  broker.accept();
  REQUIRE(broker.next());
  SECTION("it refuses") {
    broker.say("\x20\x03\x00\x86\x00"s);
  }
  SECTION("it says something else") {
    broker.say("HTTP/1.1 400 Bad Request\r\n\r\n");
  }
  SECTION("it acknowledges before it has said anything") {
    broker.say(kWelcome + kWelcome);
  }
  SECTION("it hangs up") {
    broker.hang_up();
  }
  SECTION("it says goodbye") {
    broker.say("\xE0\x01\x8B"s);
  }
  SECTION("it says nothing") {}  // For three seconds.

  const Report report = [&] {
    Report next = next_report();
    return next.kind == Kind::kConnected ? next_report() : next;
  }();
  CHECK(report.kind == Kind::kLost);
  CHECK(report.subject == connection.attempt());
  CHECK_FALSE(publish(1));
}

TEST_CASE("a name that nobody knows, and a port where nobody listens, are losses",
          "[integration][bridge][publisher]") {
  const std::string url = GENERATE("mqtt://nowhere.invalid:1883"s, "mqtt://127.0.0.1:1"s);
  CAPTURE(url);
  base::WakeSignal wake;
  Reports reports{8, wake};
  PublisherThread thread;
  PublisherConnection connection{
      thread, {.url = url, .username = {}, .password = {}}, "relay-0", 0, {}, reports};
  connection.open();
  std::vector<Report> all;
  REQUIRE(eventually([&] {
    all = reports.take().reports;
    return !all.empty();
  }));
  CHECK(all[0].kind == Kind::kLost);
}

TEST_CASE("an address that leads nowhere is refused before anybody connects",
          "[integration][bridge][publisher]") {
  const std::string url = GENERATE(""s,
                                   "x"s,
                                   "localhost:1883"s,
                                   "ws://localhost:9001"s,
                                   "mqtt://"s,
                                   "mqtt://:1883"s,
                                   "mqtt://localhost:port"s,
                                   "mqtt://localhost:70000"s);
  CAPTURE(url);
  base::WakeSignal wake;
  Reports reports{8, wake};
  PublisherThread thread;
  CHECK_THROWS_WITH(PublisherConnection(
                        thread, {.url = url, .username = {}, .password = {}}, "a", 0, {}, reports),
                    "the broker's URL must be mqtt://host:port");
  const std::string password(65'536, 'p');
  CHECK_THROWS_AS(
      engine::bridge::checked({.url = "mqtt://h:1", .username = "u", .password = password}),
      base::Error);
  CHECK(engine::bridge::checked({.url = "mqtt://[::1]", .username = {}, .password = {}}).url ==
        "mqtt://[::1]");
}

TEST_CASE_METHOD(ConnectionCase,
                 "a broker that falls silent is noticed within two periods",
                 "[integration][bridge][publisher]") {
  come_up(kEverySecond);
  REQUIRE(broker.next()->type == PacketType::kPingreq);
  broker.say("\xD0\x00"s);
  REQUIRE(broker.next()->type == PacketType::kPingreq);
  // No answer.
  CHECK(next_report().kind == Kind::kLost);
}

TEST_CASE_METHOD(ConnectionCase,
                 "whoever closes says goodbye, and nothing is reported after that",
                 "[integration][bridge][publisher]") {
  come_up();
  REQUIRE(publish(1));
  const auto published = broker.next();
  REQUIRE(published);
  broker.say(puback(*published));
  REQUIRE(next_report().subject == 1);
  connection.close();
  const auto goodbye = broker.next();
  REQUIRE(goodbye);
  CHECK(goodbye->type == PacketType::kDisconnect);
  CHECK_FALSE(broker.next());
  CHECK(reports.take().reports.empty());
  CHECK_FALSE(publish(2));
}

TEST_CASE_METHOD(ConnectionCase,
                 "a new session has nothing of the one before",
                 "[integration][bridge][publisher]") {
  come_up(kTwoAtATime);
  for (std::uint64_t ticket = 1; ticket <= 4; ++ticket) REQUIRE(publish(ticket));
  REQUIRE(broker.next());
  come_up();
  CHECK_FALSE(broker.next(200ms));
  REQUIRE(publish(5));
  const auto published = broker.next();
  REQUIRE(published);
  broker.say(puback(*published));
  CHECK(next_report().subject == 5);
}
