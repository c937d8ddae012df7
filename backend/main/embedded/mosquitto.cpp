#include "main/embedded/mosquitto.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "main/embedded/leftovers.hpp"
#include "main/embedded/mosquitto_probe.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <string_view>

namespace embedded {

namespace {

using namespace std::chrono_literals;

// Its only state is what clients rebuild, so it may go at once.
const std::vector<base::StopStep> kStopSteps{{SIGTERM, 1500ms}};

// libwebsockets makes a table of this size: neither 1,024 nor infinity will do.
constexpr rlim_t kOpenFiles = 65'536;
// What Debian gives a service; one is needed for each client.
constexpr rlim_t kEnoughOpenFiles = 4'096;

// With fewer, clients are turned away that the machine could serve.
void say_few_open_files(const base::Log& log) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max >= kEnoughOpenFiles) return;
  log.warning(
      "the limit of open files is low: that many clients at most, less a few, reach the API and "
      "the broker at a time; raise it with `ulimit -n` or LimitNOFILE=",
      {{"limit", limit.rlim_max}, {"enough", kEnoughOpenFiles}});
}

std::vector<std::string> environment() {
  std::vector<std::string> all = base::ChildOptions{}.environment;
  constexpr std::string_view kPreload = EARSHOT_BROKER_PRELOAD;
  if (kPreload.empty()) return all;
  all.push_back(fmt::format("LD_PRELOAD={}", kPreload));
  all.emplace_back("ASAN_OPTIONS=detect_leaks=0");  // The broker's own would be reported as well.
  return all;
}

void check_installed(const std::filesystem::path& program) {
  if (::access(program.c_str(), X_OK) == 0) return;
  throw base::Error{
      fmt::format("{} is not installed: apt-get install mosquitto", program.string())};
}

}  // namespace

Mosquitto::Mosquitto(const DataDirectory& data, MosquittoOptions options, const base::Log& log)
    : options_{std::move(options)},
      log_{log},
      folder_{data.path() / "mosquitto"},
      log_file_{data.path() / "mosquitto.log"},
      relay_{.username = "relay", .password = base::random_text(26)},
      probe_{mosquitto_probe(options_.port, relay_)} {
  check_installed(options_.broker);
  check_installed(options_.password_tool);
  stop_leftovers();
  say_few_open_files(log_);
  std::filesystem::create_directory(folder_);
  write_files();
}

std::string Mosquitto::url() const {
  return fmt::format("mqtt://127.0.0.1:{}", options_.port);
}

std::unique_ptr<base::ChildProcess> Mosquitto::spawn() {
  stop_leftovers();
  probe_.reset();
  const std::vector<std::string> arguments{options_.broker, "-c", folder_ / "mosquitto.conf"};
  return std::make_unique<base::ChildProcess>(arguments,
                                              base::ChildOptions{.environment = environment(),
                                                                 .working_dir = folder_,
                                                                 .log_file = log_file_,
                                                                 .death_signal = SIGTERM,
                                                                 .stop_steps = kStopSteps,
                                                                 .open_files = kOpenFiles});
}

Health Mosquitto::health() {
  const auto answer = probe_.ask(kHealthPatience);
  if (!answer) return Health::kSilent;
  return answer == kConnectionAccepted ? Health::kReady : Health::kRefusing;
}

void Mosquitto::stop_leftovers() const {
  embedded::stop_leftovers(folder_, options_.broker.filename().string(), kStopSteps, log_);
}

void Mosquitto::write_files() const {
  write_broker_files({.folder = folder_,
                      .port = options_.port,
                      .web_socket_host = options_.web_socket_host,
                      .web_socket_port = options_.web_socket_port,
                      .tls = std::nullopt,
                      .geo_letters_min = options_.geo_letters_min,
                      .pid_file = folder_ / "mosquitto.pid"},
                     relay_,
                     options_.password_tool,
                     log_file_);
}

}  // namespace embedded
