#include "base/error.hpp"
#include "bench/mqtt_client.hpp"
#include "support/mqtt_packet.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

// How fast a broker takes messages from as many connections as the bridge has, each with a window
// as the bridge has, written by nothing but this loop: `bench_publish PORT COUNT PAYLOAD_BYTES`.

namespace {

constexpr std::size_t kConnections = 8;
constexpr std::size_t kWindow = 96;
constexpr std::size_t kPubackBytes = 4;  // Of MQTT 3.1.1.
constexpr int kPatience_ms = 20'000;

class Publisher {
 public:
  Publisher(int port, std::size_t place) : client_{port}, place_{place} {
    support::Connect connect;
    connect.client_id = "bench-" + std::to_string(place);
    client_.send_packet(support::bytes_of(connect));
    client_.take_answer();
  }

  /// As many as the window has room for, in one write.
  void send(std::size_t& left, const std::string& payload) {
    std::string burst;
    for (; left > 0 && under_way_ < kWindow; --left, ++under_way_) {
      ++sent_;
      // Never one topic twice in a row, as events are spread.
      const std::string topic =
          "earshot/v1/geo/dr5/r/" + std::to_string(place_) + '/' + std::to_string(sent_ % 1024);
      const auto id = static_cast<std::uint16_t>(1 + sent_ % 65'535);
      burst += support::bytes_of(
          support::Mqtt::k311, id, {.topic = topic, .payload = payload, .qos = 1});
    }
    if (!burst.empty()) client_.send_packet(burst);
  }

  void take_acks() {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(client_.descriptor(), buffer.data(), buffer.size(), 0);
    if (size <= 0) throw base::Error{"the broker hung up"};
    ack_bytes_ += static_cast<std::size_t>(size);
    under_way_ -= ack_bytes_ / kPubackBytes;
    ack_bytes_ %= kPubackBytes;
  }

  [[nodiscard]] int descriptor() const { return client_.descriptor(); }
  [[nodiscard]] bool is_done() const { return under_way_ == 0; }

 private:
  bench::MqttClient client_;
  std::size_t place_;
  std::size_t sent_{0};
  std::size_t under_way_{0};
  std::size_t ack_bytes_{0};
};

void publish(int port, std::size_t count, std::size_t payload_bytes) {
  const std::string payload(payload_bytes, 'x');
  std::vector<Publisher> publishers;
  std::vector<pollfd> waiting;
  for (std::size_t place = 0; place < kConnections; ++place) {
    publishers.emplace_back(port, place);
    waiting.push_back({.fd = publishers.back().descriptor(), .events = POLLIN, .revents = 0});
  }
  const auto is_done = [&] {
    for (const Publisher& each : publishers) {
      if (!each.is_done()) return false;
    }
    return count == 0;
  };
  for (Publisher& each : publishers) each.send(count, payload);
  while (!is_done()) {
    if (::poll(waiting.data(), waiting.size(), kPatience_ms) <= 0) {
      throw base::Error{"the broker does not acknowledge"};
    }
    for (std::size_t place = 0; place < kConnections; ++place) {
      if (waiting[place].revents == 0) continue;
      publishers[place].take_acks();
      publishers[place].send(count, payload);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  try {
    publish(std::atoi(argv[1]), std::stoul(argv[2]), std::stoul(argv[3]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_publish: %s\n", error.what());
    return 1;
  }
}
