#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/private_file.hpp"
#include "bench/mqtt_client.hpp"
#include "support/mqtt_packet.hpp"
#include "wire/issuer.hpp"
#include "wire/signing_key.hpp"
#include "wire/token.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
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

// How many messages a second a Mosquitto delivers to the subscribers of one topic, with the plugin
// and tokens, and without any: `bench_fan_out SECONDS FOLDER PLUGIN tcp|websockets SUBSCRIBERS`
// prints a JSON object.
//
// Both brokers run all the time and take turns, so that whatever else the machine does meets both.

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
using bench::free_port;
using bench::Transport;
using support::Mqtt;

constexpr int kBurst = 50;  // Messages before everything has to have arrived.
constexpr std::size_t kPayloadBytes = 300;
constexpr auto kTopic = "earshot/v1/geo/9q8/y/y/k/9";
constexpr auto kPatience_ms = 20'000;
// Connected at a time: Mosquitto looks at a WebSocket that wrote something up to 100 ms later.
constexpr std::size_t kSlice = 200;

struct Crowd {
  Transport transport{};
  std::size_t size{};
};

/// One broker, its subscribers, and a publisher.
class Side {
 public:
  Side(const std::filesystem::path& folder,
       const std::string& plugin,
       const wire::SigningKey& key,
       Crowd crowd)
      : crowd_{crowd},
        port_{free_port()},
        crowd_port_{crowd.transport == Transport::kTcp ? port_ : free_port()},
        broker_{start(folder, plugin)},
        publisher_{port_} {
    const bool has_plugin = !plugin.empty();
    support::Connect connect;
    connect.client_id = "relay-0";
    if (has_plugin) connect.username = connect.password = "relay";
    publisher_.send_packet(support::bytes_of(connect));
    publisher_.take_answer();
    const wire::TokenMinter minter{key, "earshot", "earshot"};
    while (subscribers_.size() < crowd.size) add_slice(has_plugin ? &minter : nullptr);
    for (const bench::MqttClient& each : subscribers_) {
      waiting_.push_back({.fd = each.descriptor(), .events = POLLIN, .revents = 0});
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
    publisher_.send_packet(burst);
    std::size_t each = message.size();
    if (crowd_.transport == Transport::kWebSockets) each += bench::frame_overhead(each);
    std::size_t missing = each * kBurst * crowd_.size;
    while (missing > 0) missing -= receive();
    spent_ += Steady::now() - begin;
    used_s_ += broker_seconds() - used_before;
    deliveries_ += static_cast<std::int64_t>(kBurst * crowd_.size);
  }

  [[nodiscard]] base::Json figures() const {
    const auto deliveries = static_cast<double>(deliveries_);
    return {{"deliveries/s", deliveries / spent_.count()},
            {"broker's µs each", used_s_ * 1e6 / deliveries}};
  }
  [[nodiscard]] std::chrono::duration<double> spent() const { return spent_; }

 private:
  // Each step for many at once, so that they share what the broker lets them wait.
  void add_slice(const wire::TokenMinter* minter) {
    const std::size_t first = subscribers_.size();
    const std::size_t last = std::min(first + kSlice, crowd_.size);
    for (std::size_t n = first; n < last; ++n) {
      subscribers_.emplace_back(crowd_port_, crowd_.transport);
      if (crowd_.transport == Transport::kWebSockets) subscribers_.back().ask_for_web_socket();
    }
    if (crowd_.transport == Transport::kWebSockets) {
      for (std::size_t n = first; n < last; ++n) subscribers_[n].take_web_socket();
    }
    for (std::size_t n = first; n < last; ++n) {
      subscribers_[n].send_packet(support::bytes_of(connect_of(n, minter)));
    }
    for (std::size_t n = first; n < last; ++n) subscribers_[n].take_answer();
    for (std::size_t n = first; n < last; ++n) {
      subscribers_[n].send_packet(support::subscribe_bytes(Mqtt::k311, 1, {kTopic}));
    }
    for (std::size_t n = first; n < last; ++n) subscribers_[n].take_answer();
  }

  static support::Connect connect_of(std::size_t number, const wire::TokenMinter* minter) {
    const std::string sub = "guest" + std::to_string(number);
    support::Connect connect;
    connect.client_id = "own-" + sub + ".1";
    if (!minter) return connect;
    const auto now = std::chrono::system_clock::now();
    connect.username = "own-" + sub;
    connect.password =
        minter->mint({.sub = sub, .issued_at = now, .expires_at = now + 1h, .roles = {}});
    return connect;
  }

  [[nodiscard]] base::ChildProcess start(const std::filesystem::path& folder,
                                         const std::string& plugin) const {
    std::ostringstream conf;
    conf << "listener " << port_ << " 127.0.0.1\n";
    if (crowd_.transport == Transport::kWebSockets) {
      conf << "listener " << crowd_port_ << " 127.0.0.1\nsocket_domain ipv4\n"
           << "protocol websockets\n";
    }
    conf << "per_listener_settings false\n"
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
    options.open_files = 8192;
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

  Crowd crowd_;
  int port_;
  int crowd_port_;
  base::ChildProcess broker_;
  bench::MqttClient publisher_;
  std::vector<bench::MqttClient> subscribers_;
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
  const rlimit files{.rlim_cur = 16'384, .rlim_max = 16'384};
  ::setrlimit(RLIMIT_NOFILE, &files);
}

base::Json measured(std::chrono::duration<double> time,
                    const std::filesystem::path& folder,
                    const std::string& plugin,
                    Crowd crowd) {
  const wire::SigningKey key = wire::SigningKey::generate();
  prepare(folder, key);
  Side plain{folder, "", key, crowd};
  Side guarded{folder, plugin, key, crowd};
  while (plain.spent() + guarded.spent() < time) {
    plain.deliver();
    guarded.deliver();
  }
  return {{"without a plugin", plain.figures()}, {"with the plugin", guarded.figures()}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 64;
  try {
    const std::chrono::duration<double> time{std::atof(argv[1])};
    const Crowd crowd{.transport = std::string_view{argv[4]} == "websockets"
                                       ? Transport::kWebSockets
                                       : Transport::kTcp,
                      .size = std::stoul(argv[5])};
    std::puts(base::to_text(measured(time, argv[2], argv[3], crowd)).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_fan_out: %s\n", error.what());
    return 1;
  }
}
