#include "main/embedded/broker_files.hpp"

#include "base/check.hpp"
#include "base/child_process.hpp"
#include "base/embedded_file.hpp"
#include "base/error.hpp"
#include "base/private_file.hpp"
#include "main/embedded/port_check.hpp"
#include "main/embedded/server_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string_view>

namespace embedded {

// Made by cmake/embed.cmake, from broker/ and from what is built of broker/plugin/.
std::span<const base::EmbeddedFile> broker_files();
std::span<const base::EmbeddedFile> broker_plugin();

namespace {

constexpr const char* kPlugin = "earshot_broker_plugin.so";

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

std::string certificate_lines(const BrokerTls& tls) {
  std::string lines =
      "# Nothing older than TLS 1.2. The broker's own user has to be able to read the key.\n"
      "tls_version tlsv1.2\n" +
      fmt::format("certfile {}\nkeyfile {}\n", tls.certificate.string(), tls.key.string());
  if (!tls.authorities.empty()) lines += fmt::format("cafile {}\n", tls.authorities.string());
  return lines;
}

std::string tls_listener_lines(const BrokerTls& tls) {
  return fmt::format("# Clients on other machines.\nlistener {}\n", tls.port) +
         certificate_lines(tls) + '\n';
}

std::string log_lines(const BrokerSetup& setup) {
  if (!setup.pid_file) return "# Where the log goes.\nlog_dest syslog\n";
  return fmt::format(
      "# The log goes to standard error, which is a file of the data directory.\n"
      "log_dest stderr\nlog_timestamp_format %Y-%m-%dT%H:%M:%SZ\n\npid_file {}\n",
      setup.pid_file->string());
}

// The tool replaces the passwords in the file by their hashes; given as arguments, every user of
// the machine could read them.
void write_passwords(const std::filesystem::path& folder,
                     const BrokerCredentials& account,
                     const std::filesystem::path& tool,
                     const std::filesystem::path& log_file) {
  const std::filesystem::path unfinished = folder / "passwords.new";
  base::write_private_file(unfinished, fmt::format("{}:{}\n", account.username, account.password));
  const base::ExitStatus status = base::run_program({tool, "-U", unfinished},
                                                    {.working_dir = folder, .log_file = log_file},
                                                    /*limit=*/std::chrono::seconds{30});
  if (!status.is_success()) {
    std::filesystem::remove(unfinished);
    throw base::Error{
        fmt::format("{} failed ({}): {}", tool.string(), status.text(), last_words(log_file, 2))};
  }
  const std::string hashed = base::read_small_file(unfinished) + '\n';
  std::filesystem::remove(unfinished);
  base::write_group_file(folder / "passwords", hashed);
}

}  // namespace

std::string broker_configuration(const BrokerSetup& setup) {
  // Mosquitto hands the address to libwebsockets as the name of an interface, and none is called
  // 0.0.0.0: for every address there must be none.
  std::string host = ipv4_address(setup.web_socket_host);
  if (host == "0.0.0.0") host.clear();
  const auto file = [&](const char* name) { return (setup.folder / name).string(); };

  std::string text{broker_file("mosquitto.conf.in")};
  text = replaced(text, "@port@", std::to_string(setup.port));
  text = replaced(text, "@tls_listener@\n", setup.tls ? tls_listener_lines(*setup.tls) : "");
  text = replaced(text, "@web_socket_port@", std::to_string(setup.web_socket_port));
  text = replaced(text, "@web_socket_host@", host);
  text = replaced(text, "@web_socket_tls@\n", setup.tls ? certificate_lines(*setup.tls) : "");
  text = replaced(text, "@plugin@", file(kPlugin));
  text = replaced(text, "@trust_file@", file("trust.json"));
  text = replaced(text, "@deny_file@", file("denied.json"));
  text = replaced(text, "@geo_letters_min@", std::to_string(setup.geo_letters_min));
  text = replaced(text, "@access_file@", file("access.conf"));
  text = replaced(text, "@password_file@", file("passwords"));
  return replaced(text, "@log@\n", log_lines(setup));
}

void write_broker_files(const BrokerSetup& setup,
                        const BrokerCredentials& service_account,
                        const std::filesystem::path& password_tool,
                        const std::filesystem::path& log_file) {
  base::write_group_file(setup.folder / "mosquitto.conf", broker_configuration(setup));
  base::write_group_file(setup.folder / "access.conf", broker_file("access.conf.in"));
  base::write_group_file(setup.folder / kPlugin, broker_plugin().front().content);
  write_passwords(setup.folder, service_account, password_tool, log_file);
}

}  // namespace embedded
