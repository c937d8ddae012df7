#include "base/error.hpp"
#include "bench/mqtt_client.hpp"
#include "support/mqtt_packet.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A subscriber that takes everything as fast as it comes: `bench_take PORT COUNT CLIENT_ID
// FILTER…`, with its name and password in BENCH_USERNAME and BENCH_PASSWORD. Prints "subscribed",
// and after COUNT messages when the last one came, in milliseconds since 1970.

namespace {

constexpr int kPatience_ms = 10'000;

/// Finds out how many PUBLISH packets have gone by, wherever the pieces of a stream are cut.
class Counter {
 public:
  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      if (body_left_ > 0) {
        const std::size_t size = std::min(body_left_, bytes.size());
        bytes.remove_prefix(size);
        body_left_ -= size;
        if (body_left_ == 0) finish();
        continue;
      }
      take_head(static_cast<unsigned char>(bytes.front()));
      bytes.remove_prefix(1);
    }
  }

  [[nodiscard]] std::size_t published() const { return published_; }

 private:
  void take_head(unsigned char byte) {
    if (!is_in_length_) {
      type_ = static_cast<support::PacketType>(byte / 16);
      is_in_length_ = true;
      length_ = 0;
      shift_ = 0;
      return;
    }
    length_ += static_cast<std::size_t>(byte & 0x7FU) << shift_;
    shift_ += 7;
    if (byte >= 0x80U) return;
    is_in_length_ = false;
    body_left_ = length_;
    if (body_left_ == 0) finish();
  }

  void finish() {
    if (type_ == support::PacketType::kPublish) ++published_;
  }

  support::PacketType type_{};
  bool is_in_length_{false};
  std::size_t length_{0};
  unsigned shift_{0};
  std::size_t body_left_{0};
  std::size_t published_{0};
};

std::optional<std::string> from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? std::optional<std::string>{value} : std::nullopt;
}

void take(int port,
          std::size_t count,
          const std::string& id,
          const std::vector<std::string>& filters) {
  const bench::MqttClient client{port};
  client.send_packet(support::bytes_of(support::Connect{
      .client_id = id,
      .username = from_environment("BENCH_USERNAME"),
      .password = from_environment("BENCH_PASSWORD"),
  }));
  client.take_answer();
  client.send_packet(support::subscribe_bytes(support::Mqtt::k311, 1, filters));
  client.take_answer();
  std::puts("subscribed");
  std::fflush(stdout);

  Counter counter;
  pollfd waiting{.fd = client.descriptor(), .events = POLLIN, .revents = 0};
  while (counter.published() < count) {
    std::array<char, 65'536> buffer{};
    if (::poll(&waiting, 1, kPatience_ms) <= 0) {
      throw base::Error{"only " + std::to_string(counter.published()) + " messages came"};
    }
    const ssize_t size = ::recv(client.descriptor(), buffer.data(), buffer.size(), 0);
    if (size <= 0) throw base::Error{"the broker hung up"};
    counter.take({buffer.data(), static_cast<std::size_t>(size)});
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::printf(
      "%lld\n",
      static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 64;
  try {
    take(std::atoi(argv[1]), std::stoul(argv[2]), argv[3], {argv + 4, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_take: %s\n", error.what());
    return 1;
  }
}
