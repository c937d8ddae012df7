#include "main/embedded/mosquitto.hpp"

#include "base/check.hpp"
#include "base/embedded_file.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "main/embedded/leftovers.hpp"
#include "main/embedded/mosquitto_probe.hpp"
#include "main/embedded/port_check.hpp"
#include "main/embedded/private_file.hpp"
#include "main/embedded/server_log.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <span>

namespace embedded {

std::span<const base::EmbeddedFile> broker_files();  // Made from broker/ by cmake/embed.cmake.

namespace {

using namespace std::chrono_literals;

// Its only state is what clients rebuild, so it may go at once.
const std::vector<base::StopStep> kStopSteps{{SIGTERM, 1500ms}};

// libwebsockets makes a table of this size: neither 1,024 nor infinity will do.
constexpr rlim_t kOpenFiles = 65'536;
// What Debian gives a service; one is needed for each client.
constexpr rlim_t kEnoughOpenFiles = 4'096;

std::string_view broker_file(std::string_view path) {
  const auto files = broker_files();
  const auto found = std::ranges::find(files, path, &base::EmbeddedFile::path);
  base::check(found != files.end(), "broker/ has the file, and it was embedded");
  return found->content;
}

std::string replaced(std::string text, std::string_view placeholder, std::string_view value) {
  const auto at = text.find(placeholder);
  base::check(at != std::string::npos, "the template has the placeholder");
  return text.replace(at, placeholder.size(), value);
}

// With fewer, clients are turned away that the machine could serve.
void say_few_open_files(const base::Log& log) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max >= kEnoughOpenFiles) return;
  log.warning(
      "the limit of open files is low: that many clients at most, less a few, reach the API and "
      "the broker at a time; raise it with `ulimit -n` or LimitNOFILE=",
      {{"limit", limit.rlim_max}, {"enough", kEnoughOpenFiles}});
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
      viewer_{.username = "viewer", .password = base::random_text(26)},
      probe_{mosquitto_probe(options_.port, relay_)} {
  check_installed(options_.broker);
  check_installed(options_.password_tool);
  stop_leftovers();
  say_few_open_files(log_);
  std::filesystem::create_directory(folder_);
  write_configuration();
  write_private_file(folder_ / "access.conf", broker_file("access.conf.in"));
  write_passwords();
}

std::string Mosquitto::url() const {
  return fmt::format("mqtt://127.0.0.1:{}", options_.port);
}

std::unique_ptr<base::ChildProcess> Mosquitto::spawn() {
  stop_leftovers();
  probe_.reset();
  const std::vector<std::string> arguments{options_.broker, "-c", folder_ / "mosquitto.conf"};
  return std::make_unique<base::ChildProcess>(arguments,
                                              base::ChildOptions{.working_dir = folder_,
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

void Mosquitto::write_configuration() const {
  // Mosquitto hands the address to libwebsockets as the name of an interface, and none is called
  // 0.0.0.0: for every address there must be none.
  std::string host = ipv4_address(options_.web_socket_host);
  if (host == "0.0.0.0") host.clear();

  std::string text{broker_file("mosquitto.conf.in")};
  text = replaced(text, "@port@", std::to_string(options_.port));
  text = replaced(text, "@web_socket_port@", std::to_string(options_.web_socket_port));
  text = replaced(text, "@web_socket_host@", host);
  text = replaced(text, "@access_file@", (folder_ / "access.conf").string());
  text = replaced(text, "@password_file@", (folder_ / "passwords").string());
  text = replaced(text, "@pid_file@", (folder_ / "mosquitto.pid").string());
  write_private_file(folder_ / "mosquitto.conf", text);
}

// The tool replaces the passwords in the file by their hashes; given as arguments, every user of
// the machine could read them.
void Mosquitto::write_passwords() const {
  const std::filesystem::path unfinished = folder_ / "passwords.new";
  write_private_file(
      unfinished,
      fmt::format(
          "{}:{}\n{}:{}\n", relay_.username, relay_.password, viewer_.username, viewer_.password));
  const base::ExitStatus status = base::run_program({options_.password_tool, "-U", unfinished},
                                                    {.working_dir = folder_, .log_file = log_file_},
                                                    /*limit=*/30s);
  if (!status.is_success()) {
    std::filesystem::remove(unfinished);
    throw base::Error{fmt::format("{} failed ({}): {}",
                                  options_.password_tool.string(),
                                  status.text(),
                                  last_words(log_file_, 2))};
  }
  std::filesystem::rename(unfinished, folder_ / "passwords");
}

}  // namespace embedded
