#include "unit/http/slow_clients.hpp"

#include "base/pause.hpp"
#include "unit/http/raw_client.hpp"
#include "unit/http/resident_memory.hpp"
#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using http_test::Answer;
using http_test::get;
using http_test::post;
using http_test::RawClient;
using http_test::resident_bytes;
using http_test::ServerFixture;
using http_test::SlowClients;
using std::chrono::steady_clock;

namespace {

// AddressSanitizer keeps 256 MB of what was freed, and its own account of all memory.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kMemoryMax = 800'000'000;
#else
constexpr std::size_t kMemoryMax = 300'000'000;
#endif
// ThreadSanitizer makes each step ten times slower; there it is not about figures.
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kFewerBy = 20;
#else
constexpr std::size_t kFewerBy = 1;
#endif
constexpr auto kAttackTime = 5s;
constexpr int kHonestClients = 4;

/// What honest clients met.
struct Honest {
  std::vector<std::chrono::microseconds> times;
  int failed = 0;

  [[nodiscard]] std::chrono::microseconds p99() {
    std::sort(times.begin(), times.end());
    return times.empty() ? std::chrono::microseconds::max() : times[times.size() * 99 / 100];
  }
};

void ask(int port, bool keeps_connection, Honest& seen) {
  std::unique_ptr<RawClient> client;
  const auto until = steady_clock::now() + kAttackTime;
  for (int count = 0; steady_clock::now() < until; ++count) {
    const auto began = steady_clock::now();
    int status = 0;
    try {
      if (!client || !keeps_connection) client = std::make_unique<RawClient>(port);
      const auto path = "/v1/things/" + std::to_string(count);
      status = client->send(count % 2 == 0 ? get(path) : post("/v1/things", "{}")).receive().status;
    } catch (const std::runtime_error&) {
      client.reset();
    }
    const auto took = steady_clock::now() - began;
    if (status == 200) {
      seen.times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took));
    } else {
      ++seen.failed;
      client.reset();
    }
    base::pause({}, 10ms);  // A steady rate, about 100 a second each.
  }
}

void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  // Both ends of every connection are in this process.
  REQUIRE(limit.rlim_cur >= 4'500);
}

}  // namespace

TEST_CASE_METHOD(ServerFixture,
                 "two thousand silent and slow clients do not disturb honest ones",
                 "[unit][http]") {
  allow_many_descriptors();
  const std::size_t before = resident_bytes();
  std::vector<Honest> seen(kHonestClients);
  {
    const SlowClients slow{
        port(),
        {{.clients = 1'000 / kFewerBy, .begin = "", .drips = false},
         {.clients = 500 / kFewerBy, .begin = "GET / HTTP/1.1\r\nHost: a\r\nX: ", .drips = true},
         {.clients = 250 / kFewerBy,
          .begin = post("/v1/things", std::string(60'000, ' ')).substr(0, 1'000),
          .drips = true},
         {.clients = 250 / kFewerBy, .begin = get("/page"), .drips = false}}};
    std::vector<std::jthread> honest;
    for (int at = 0; at < kHonestClients; ++at) {
      Honest& mine = seen[static_cast<std::size_t>(at)];
      honest.emplace_back([this, at, &mine] { ask(port(), at % 2 == 0, mine); });
    }
    honest.clear();
    CHECK(slow.thrown_out() > 0);
  }
  Honest all;
  for (const Honest& one : seen) {
    all.times.insert(all.times.end(), one.times.begin(), one.times.end());
    all.failed += one.failed;
  }
  const std::size_t grown = resident_bytes() - std::min(before, resident_bytes());
  INFO(all.times.size() << " answered, " << all.failed << " failed, p99 " << all.p99().count()
                        << " us, " << grown / 1'000'000 << " MB more");
  CHECK(all.times.size() > 200 / kFewerBy);
  CHECK(all.failed * 100 <= static_cast<int>(all.times.size()));
  if (kFewerBy == 1) CHECK(grown < kMemoryMax);
}
