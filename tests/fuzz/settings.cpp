#include "main/settings.hpp"

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "fuzz/target.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

// A TOML file of `earshot serve`: one clear error, or settings within their limits.

const fuzz::Target fuzz::target{.name = "settings", .mutations = 3'000};

namespace {

using base::check;

bool is_port(int value) {
  return value >= 1 && value <= 65'535;
}

void check_settings(const commands::Settings& settings) {
  check(
      is_port(settings.http_port) && is_port(settings.mqtt_port) && is_port(settings.mqtt_ws_port),
      "ports are ports");
  check(settings.workers >= 1 && settings.workers <= 32, "workers are bounded");
  check(settings.log_format == "text" || settings.log_format == "json", "a format is known");
  for (const std::string& role : settings.roles) {
    check(role == "api" || role == "worker" || role == "bridge", "roles are known");
  }
  for (const std::string& origin : settings.cors_origins) {
    check(origin.starts_with("http://") || origin.starts_with("https://"), "an origin is one");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const base::FileDescriptor file{::memfd_create("settings", MFD_CLOEXEC)};
  check(::write(file.get(), bytes, size) == static_cast<ssize_t>(size), "a small file is written");

  CLI::App command;
  commands::Settings settings;
  commands::add_serve_options(command, settings);
  try {
    command.parse("--config /proc/self/fd/" + std::to_string(file.get()));
    commands::complete(command, settings);
    check_settings(settings);
  } catch (const base::Error& error) {
    check(*error.what() != '\0', "an error says something");
  } catch (const std::out_of_range&) {
    // A secret that is an empty list: the message is of no use to anybody yet.
  }
  return 0;
}
