#include "broker/plugin/deadlines.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <random>
#include <unordered_map>

using broker::Deadlines;

TEST_CASE("deadlines are those of a map, whatever comes and goes", "[unit][broker]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  static std::array<std::array<char, 64>, 500> clients;  // Only their addresses mean something.
  Deadlines deadlines;
  std::unordered_map<const void*, Deadlines::Wall> map;
  for (int step = 0; step < 50'000; ++step) {
    const void* handle = clients[random() % clients.size()].data();
    // Many at first, few at the end.
    if (random() % 50'000 > static_cast<unsigned>(step)) {
      const Deadlines::Wall until{std::chrono::seconds{step}};
      deadlines.set(handle, until);
      map.insert_or_assign(handle, until);
    } else {
      deadlines.erase(handle);
      map.erase(handle);
    }
    if (step % 500 != 0) continue;
    for (const auto& client : clients) {
      const auto found = map.find(client.data());
      const auto deadline = deadlines.find(client.data());
      REQUIRE(deadline.has_value() == (found != map.end()));
      if (deadline) REQUIRE(*deadline == found->second);
    }
  }
}

TEST_CASE("nobody has no deadline", "[unit][broker]") {
  Deadlines deadlines;
  deadlines.set(nullptr, {});
  deadlines.erase(nullptr);
  CHECK_FALSE(deadlines.find(nullptr));
  CHECK_FALSE(deadlines.find(&deadlines));
}
