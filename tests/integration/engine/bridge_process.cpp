#include "bridge_process.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/pause.hpp"
#include "base/wake_signal.hpp"
#include "engine/bridge/bridge.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

namespace bridge_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kDatabase = "BRIDGE_PROCESS_DATABASE_URL";
constexpr auto kBroker = "BRIDGE_PROCESS_BROKER_URL";
constexpr auto kTag = "[bridge-process]";

std::string variable(const char* name, const std::string& value) {
  return std::string{name} + "=" + value;
}

base::ChildOptions child_options(const std::string& database_url,
                                 const std::string& broker_url,
                                 const std::filesystem::path& folder) {
  base::ChildOptions options;
  options.environment.push_back(variable(kDatabase, database_url));
  options.environment.push_back(variable(kBroker, broker_url));
  options.log_file = folder / "log";
  options.death_signal = SIGKILL;
  options.stop_steps = {};
  return options;
}

}  // namespace

engine::bridge::BridgeOptions quick_options(const std::string& broker_url) {
  engine::bridge::BridgeOptions options;
  options.broker = {.url = broker_url, .username = kRelayUser, .password = "secret"};
  options.connections = 3;
  options.window = 16;
  options.lane_capacity = 64;
  options.retry_first = 20ms;
  options.retry_most = 200ms;
  options.reply_most = 1s;
  return options;
}

// This program once more, with the one test that is the bridge.
BridgeProcess::BridgeProcess(const std::string& database_url, const std::string& broker_url)
    : process_{{std::filesystem::read_symlink("/proc/self/exe").string(), kTag},
               child_options(database_url, broker_url, folder_.path())} {}

std::string BridgeProcess::log() const {
  return support::content_of(folder_.path() / "log");
}

}  // namespace bridge_test

TEST_CASE("a bridge relays until its process is killed", "[.][bridge-process]") {
  const char* const database = std::getenv(bridge_test::kDatabase);
  const char* const broker = std::getenv(bridge_test::kBroker);
  if (database == nullptr || broker == nullptr) return;

  const base::SystemClock clock;
  const base::Log log;
  base::WakeSignal never;
  const engine::bridge::Bridge bridge{
      {.url = database}, bridge_test::quick_options(broker), never, clock, log};
  while (true) base::pause({}, std::chrono::hours{1});
}
