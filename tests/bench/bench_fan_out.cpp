#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/private_file.hpp"
#include "support/mqtt_packet.hpp"
#include "wire/issuer.hpp"
#include "wire/signing_key.hpp"
#include "wire/token.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// How many messages a second a Mosquitto delivers to 1,000 subscribers of one topic, with the
// plugin and tokens, and without any: `bench_fan_out SECONDS FOLDER PLUGIN` prints a JSON object.
//
// Both brokers run all the time and take turns, so that whatever else the machine does meets both.

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
using support::Mqtt;

constexpr int kSubscribers = 1000;
constexpr int kBurst = 50;  // Messages before everything has to have arrived.
constexpr std::size_t kPayloadBytes = 300;
constexpr auto kTopic = "earshot/v1/geo/9q8/y/y/k/9";
constexpr auto kPatience_ms = 20'000;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int free_port() {
  const base::FileDescriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), any, size) != 0 || ::getsockname(listener.get(), any, &size) != 0) {
    throw base::Error{"no free port"};
  }
  return ntohs(address.sin_port);
}

class Connection {
 public:
  explicit Connection(int port) {
    const sockaddr_in address = loopback(port);
    const auto* peer = reinterpret_cast<const sockaddr*>(&address);
    const auto end = Steady::now() + 10s;
    do {  // A broker that has just been started may not listen yet.
      socket_ = base::FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
      if (::connect(socket_.get(), peer, sizeof address) == 0) return;
      static_cast<void>(::poll(nullptr, 0, /*timeout=*/10));
    } while (Steady::now() < end);
    throw base::Error{"the broker does not listen"};
  }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw base::Error{"the broker hung up"};
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Sends a packet, and takes the answer. Errors: base::Error when its last byte is no success.
  void ask(std::string_view bytes) const {
    send(bytes);
    std::string received;
    while (true) {
      std::array<char, 256> buffer{};
      const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (size <= 0) throw base::Error{"the broker hung up"};
      received.append(buffer.data(), static_cast<std::size_t>(size));
      if (const auto answer = support::take_packet(received)) {
        if (answer->body.empty() || answer->body.back() != 0) throw base::Error{"refused"};
        return;
      }
    }
  }

  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  base::FileDescriptor socket_;
};

/// One broker, its subscribers, and a publisher.
class Side {
 public:
  Side(const std::filesystem::path& folder, const std::string& plugin, const wire::SigningKey& key)
      : port_{free_port()}, broker_{start(folder, plugin)}, publisher_{port_} {
    const bool has_plugin = !plugin.empty();
    support::Connect connect;
    connect.client_id = "relay-0";
    if (has_plugin) connect.username = connect.password = "relay";
    publisher_.ask(support::bytes_of(connect));
    const auto now = std::chrono::system_clock::now();
    const wire::TokenMinter minter{key, "earshot", "earshot"};
    for (int number = 0; number < kSubscribers; ++number) {
      const std::string sub = "guest" + std::to_string(number);
      connect.client_id = "own-" + sub + ".1";
      if (has_plugin) {
        connect.username = "own-" + sub;
        connect.password =
            minter.mint({.sub = sub, .issued_at = now, .expires_at = now + 1h, .roles = {}});
      }
      subscribers_.emplace_back(port_);
      subscribers_.back().ask(support::bytes_of(connect));
      subscribers_.back().ask(support::subscribe_bytes(Mqtt::k311, 1, {kTopic}));
      waiting_.push_back({.fd = subscribers_.back().descriptor(), .events = POLLIN, .revents = 0});
    }
  }

  /// One burst, until every subscriber has all of it.
  void deliver() {
    const std::string message = support::bytes_of(
        Mqtt::k311, 0, {.topic = kTopic, .payload = std::string(kPayloadBytes, 'x')});
    std::string burst;
    for (int count = 0; count < kBurst; ++count) burst += message;
    const auto begin = Steady::now();
    const double used_before = broker_seconds();
    publisher_.send(burst);
    std::size_t missing = message.size() * kBurst * kSubscribers;
    while (missing > 0) missing -= receive();
    spent_ += Steady::now() - begin;
    used_s_ += broker_seconds() - used_before;
    deliveries_ += kBurst * kSubscribers;
  }

  [[nodiscard]] base::Json figures() const {
    const auto deliveries = static_cast<double>(deliveries_);
    return {{"deliveries/s", deliveries / spent_.count()},
            {"broker's µs each", used_s_ * 1e6 / deliveries}};
  }
  [[nodiscard]] std::chrono::duration<double> spent() const { return spent_; }

 private:
  [[nodiscard]] base::ChildProcess start(const std::filesystem::path& folder,
                                         const std::string& plugin) const {
    std::ostringstream conf;
    conf << "listener " << port_ << " 127.0.0.1\nper_listener_settings false\n"
         << "allow_duplicate_messages true\nset_tcp_nodelay true\nmax_queued_messages 2000\n"
         << "max_inflight_messages 1000\nconnection_messages false\nlog_type error\n"
         << "persistence false\nsys_interval 10\nuser root\n";
    if (plugin.empty()) {
      conf << "allow_anonymous true\n";
    } else {
      conf << "allow_anonymous false\nplugin " << plugin << "\nplugin_opt_trust_file "
           << (folder / "trust.json").string() << "\npassword_file "
           << (folder / "passwords").string() << "\nacl_file " << (folder / "rules").string()
           << '\n';
    }
    const auto path = folder / (plugin.empty() ? "plain.conf" : "plugin.conf");
    base::write_private_file(path, conf.str());
    base::ChildOptions options{.log_file = folder / "broker.log", .death_signal = SIGKILL};
    options.open_files = 4096;
    return base::ChildProcess{{"/usr/sbin/mosquitto", "-c", path.string()}, options};
  }

  /// Takes what has come; returns how many bytes.
  std::size_t receive() {
    if (::poll(waiting_.data(), waiting_.size(), kPatience_ms) <= 0) {
      throw base::Error{"messages were lost"};
    }
    std::size_t received = 0;
    std::array<char, 65'536> buffer{};
    for (const pollfd& each : waiting_) {
      if (each.revents == 0) continue;
      const ssize_t size = ::recv(each.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size <= 0) throw base::Error{"the broker hung up"};
      received += static_cast<std::size_t>(size);
    }
    return received;
  }

  /// Time on a processor that the broker has had: what other load hardly changes.
  [[nodiscard]] double broker_seconds() const {
    std::ifstream file{"/proc/" + std::to_string(broker_.pid()) + "/schedstat"};
    double nanoseconds = 0;
    file >> nanoseconds;
    return nanoseconds / 1e9;
  }

  int port_;
  base::ChildProcess broker_;
  Connection publisher_;
  std::vector<Connection> subscribers_;
  std::vector<pollfd> waiting_;
  std::chrono::duration<double> spent_{0};
  double used_s_{0};
  std::int64_t deliveries_{0};
};

void prepare(const std::filesystem::path& folder, const wire::SigningKey& key) {
  base::write_private_file(folder / "trust.json",
                           wire::to_trust_text({wire::own_issuer({key.public_key()})}));
  base::write_private_file(folder / "rules", "user relay\ntopic write earshot/v1/#\n");
  base::write_private_file(folder / "passwords", "");
  const std::string passwords = (folder / "passwords").string();
  const auto made =
      base::run_program({"/usr/bin/mosquitto_passwd", "-b", passwords, "relay", "relay"}, {}, 5s);
  if (!made.is_success()) throw base::Error{"mosquitto_passwd failed"};
  const rlimit files{.rlim_cur = 8192, .rlim_max = 8192};
  ::setrlimit(RLIMIT_NOFILE, &files);
}

base::Json measured(std::chrono::duration<double> time,
                    const std::filesystem::path& folder,
                    const std::string& plugin) {
  const wire::SigningKey key = wire::SigningKey::generate();
  prepare(folder, key);
  Side plain{folder, "", key};
  Side guarded{folder, plugin, key};
  while (plain.spent() + guarded.spent() < time) {
    plain.deliver();
    guarded.deliver();
  }
  return {{"without a plugin", plain.figures()}, {"with the plugin", guarded.figures()}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  try {
    const std::chrono::duration<double> time{std::atof(argv[1])};
    std::puts(base::to_text(measured(time, argv[2], argv[3])).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_fan_out: %s\n", error.what());
    return 1;
  }
}
