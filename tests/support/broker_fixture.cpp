#include "support/broker_fixture.hpp"

#include "base/error.hpp"
#include "base/random.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <fstream>

namespace support {
namespace {

using namespace std::chrono_literals;

constexpr auto kBroker = "/usr/sbin/mosquitto";
constexpr auto kSubscribe = "/usr/bin/mosquitto_sub";
constexpr auto kPublish = "/usr/bin/mosquitto_pub";
constexpr auto kMakePassword = "/usr/bin/mosquitto_passwd";
constexpr auto kReadyTopic = "test/ready";
constexpr auto kMemoryFile = "memory.db";

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Another program may take it before the broker does; then the test fails at start().
int free_port() {
  const base::FileDescriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), any, size) != 0 || ::getsockname(listener.get(), any, &size) != 0) {
    throw base::Error("no free port");
  }
  return ntohs(address.sin_port);
}

bool is_listening(int port) {
  const base::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const sockaddr_in address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

base::ChildProcess subscribe(int port,
                             const std::string& filter,
                             int qos,
                             const std::filesystem::path& output) {
  return base::ChildProcess{{kSubscribe,
                             "-h",
                             "127.0.0.1",
                             "-p",
                             std::to_string(port),
                             "-q",
                             std::to_string(qos),
                             "-v",
                             "-t",
                             filter,
                             "-t",
                             kReadyTopic},
                            {.log_file = output, .death_signal = SIGKILL}};
}

}  // namespace

BrokerFixture::BrokerFixture(std::optional<BrokerAccount> account, BrokerMemory memory)
    : port_{free_port()} {
  std::string conf = "listener " + std::to_string(port_) + " 127.0.0.1\n";
  conf += R"(per_listener_settings false
allow_anonymous true
allow_duplicate_messages true
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 20000
message_size_limit 65536
max_packet_size 70000
max_keepalive 120
connection_messages false
log_type error
log_type warning
# Started by root it would become another user, who cannot read these files.
user root
)";
  if (memory == BrokerMemory::kKept) {
    conf += "persistence true\nautosave_on_changes true\nautosave_interval 1\n";
    conf += "persistence_location " + folder_.path().string() + "/\n";
    conf += std::string{"persistence_file "} + kMemoryFile + "\n";
  }
  conf += "acl_file " + (folder_.path() / "acl").string() + "\n";
  if (account) {
    write("passwords", "");
    const auto passwords = (folder_.path() / "passwords").string();
    const std::vector<std::string> add{
        kMakePassword, "-b", passwords, account->username, account->password};
    if (!base::run_program(add, {}, 5s).is_success()) throw base::Error("mosquitto_passwd failed");
    conf += "password_file " + passwords + "\n";
  }
  write("conf", conf);
  allow_all();
  start();
}

std::string BrokerFixture::url() const {
  return "mqtt://127.0.0.1:" + std::to_string(port_);
}

void BrokerFixture::start() {
  const auto log = folder_.path() / "log";
  process_.emplace(
      std::vector<std::string>{kBroker, "-c", (folder_.path() / "conf").string()},
      base::ChildOptions{
          .log_file = log, .death_signal = SIGKILL, .stop_steps = {{SIGCONT, 0ms}, {SIGTERM, 3s}}});
  const bool is_up = eventually([&] { return process_->poll() || is_listening(port_); });
  if (!is_up || process_->poll()) {
    throw base::Error("Mosquitto did not start: " + base::last_lines(log, 5));
  }
}

void BrokerFixture::kill() {
  process_->signal(SIGKILL);
  process_.reset();
}

void BrokerFixture::wipe() {
  kill();
  std::filesystem::remove(folder_.path() / kMemoryFile);
}

void BrokerFixture::stop() {
  process_.reset();
}
void BrokerFixture::freeze() {
  process_->signal(SIGSTOP);
}
void BrokerFixture::thaw() {
  process_->signal(SIGCONT);
}
void BrokerFixture::reload() {
  process_->signal(SIGHUP);
}

void BrokerFixture::deny(const std::string& username, const std::string& topic) {
  write("acl",
        "topic readwrite #\nuser " + username + "\ntopic deny " + topic + "\ntopic readwrite #\n");
}

// Rules without a user are for clients without a name.
void BrokerFixture::allow_all() {
  write("acl", "topic readwrite #\npattern readwrite #\n");
}

void BrokerFixture::write(const std::string& name, const std::string& text) const {
  std::ofstream file{folder_.path() / name, std::ios::trunc};
  file << text;
  file.close();
  if (!file) throw base::Error("cannot write " + name);
}

Subscriber::Subscriber(const BrokerFixture& broker, const std::string& filter, int qos)
    : process_{subscribe(broker.port(), filter, qos, folder_.path() / "output")} {
  const std::string id = base::random_text(12);
  const std::vector<std::string> say{kPublish,
                                     "-h",
                                     "127.0.0.1",
                                     "-p",
                                     std::to_string(broker.port()),
                                     "-t",
                                     kReadyTopic,
                                     "-m",
                                     id};
  const auto is_heard = [&] {
    if (!base::run_program(say, {}, 5s).is_success()) return false;
    std::ifstream output{folder_.path() / "output"};
    const std::string text{std::istreambuf_iterator<char>{output}, {}};
    return text.find(id) != std::string::npos;
  };
  if (!eventually(is_heard)) throw base::Error("mosquitto_sub does not receive");
}

std::vector<Subscriber::Delivery> Subscriber::deliveries() const {
  std::vector<Delivery> deliveries;
  std::ifstream output{folder_.path() / "output"};
  std::string line;
  while (std::getline(output, line) && !output.eof()) {  // Without a newline it is half a line.
    const auto space = line.find(' ');
    if (space == std::string::npos || line.starts_with(kReadyTopic)) continue;
    deliveries.push_back({line.substr(0, space), line.substr(space + 1)});
  }
  return deliveries;
}

}  // namespace support
