#include "support/plugin_broker.hpp"

#include "base/error.hpp"
#include "base/private_file.hpp"
#include "support/eventually.hpp"
#include "wire/issuer.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>

namespace support {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

using ShownSeconds = std::atomic<std::int64_t>;

constexpr auto kBroker = "/usr/sbin/mosquitto";
constexpr auto kMakePassword = "/usr/bin/mosquitto_passwd";
constexpr std::int64_t kStart_s = 1'800'000'000;

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

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file{path, std::ios::trunc};
  file << text;
  file.close();
  if (!file) throw base::Error("cannot write " + path.string());
}

void add_account(const std::string& passwords, const std::string& name) {
  if (!base::run_program({kMakePassword, "-b", passwords, name, name}, {}, 5s).is_success()) {
    throw base::Error("mosquitto_passwd failed");
  }
}

// As in the product where it says something about clients; docs of each setting are there.
constexpr std::string_view kSettings = R"(per_listener_settings false
allow_anonymous false
allow_duplicate_messages true
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 2000
max_queued_bytes 4000000
message_size_limit 65536
max_packet_size 70000
max_keepalive 120
persistence false
sys_interval 1
connection_messages false
log_dest stderr
log_type error
log_type warning
# Started by root it would become another user, who cannot read these files.
user root
)";

constexpr std::string_view kRules = R"(user relay
topic readwrite earshot/v1/#
user watcher
topic read $SYS/#
)";

}  // namespace

PluginClock::PluginClock(const std::filesystem::path& file) {
  write(file, std::string(sizeof(ShownSeconds), '\0'));
  const base::FileDescriptor opened{::open(file.c_str(), O_RDWR | O_CLOEXEC)};
  memory_ =
      ::mmap(nullptr, sizeof(ShownSeconds), PROT_READ | PROT_WRITE, MAP_SHARED, opened.get(), 0);
  if (memory_ == MAP_FAILED) throw base::Error("cannot map the clock");
  static_cast<ShownSeconds*>(memory_)->store(kStart_s);
}

PluginClock::~PluginClock() {
  ::munmap(memory_, sizeof(ShownSeconds));
}

PluginClock::Wall PluginClock::now() const {
  return Wall{seconds{static_cast<const ShownSeconds*>(memory_)->load()}};
}

void PluginClock::advance(seconds by) {
  static_cast<ShownSeconds*>(memory_)->fetch_add(by.count());
}

PluginBroker::PluginBroker(const Options& options)
    : clock_{folder_.path() / "clock"}, tcp_port_{free_port()}, web_socket_port_{free_port()} {
  write(folder_.path() / "rules", std::string{kRules});
  const std::filesystem::path passwords = folder_.path() / "passwords";
  write(passwords, "");
  for (const char* name : {"relay", "watcher"}) add_account(passwords, name);
  if (!options.keys.empty()) trust(options.keys);
  write_configuration(options.more_conf);
  start();
}

void PluginBroker::write_configuration(const std::string& more_conf) const {
  const auto path = [this](const char* name) { return (folder_.path() / name).string(); };
  std::ostringstream conf;
  conf << kSettings << more_conf << "listener " << tcp_port_ << " 127.0.0.1\nlistener "
       << web_socket_port_ << " 127.0.0.1\nsocket_domain ipv4\nprotocol websockets\nplugin "
       << EARSHOT_TEST_PLUGIN << "\nplugin_opt_trust_file " << path("trust.json")
       << "\nplugin_opt_deny_file " << path("denied.json") << "\npassword_file "
       << path("passwords") << "\nacl_file " << path("rules") << '\n';
  write(folder_.path() / "conf", conf.str());
}

void PluginBroker::start() {
  const auto log_file = folder_.path() / "log";
  base::ChildOptions child{
      .log_file = log_file, .death_signal = SIGKILL, .stop_steps = {{SIGTERM, 10s}}};
  child.environment.push_back("LD_PRELOAD=" EARSHOT_TEST_PRELOAD);
  child.environment.push_back("EARSHOT_TEST_CLOCK=" + (folder_.path() / "clock").string());
  // Little of what is freed is kept for looking at, so that memory can be measured.
  child.environment.push_back("ASAN_OPTIONS=exitcode=99:detect_leaks=1:quarantine_size_mb=1");
  child.environment.push_back("LSAN_OPTIONS=suppressions=" EARSHOT_SOURCE_DIR
                              "/tests/support/plugin_leaks.txt:print_suppressions=0");
  child.environment.push_back("UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1");
  process_.emplace(std::vector<std::string>{kBroker, "-c", (folder_.path() / "conf").string()},
                   child);
  const bool is_up = eventually([&] {
    return process_->poll() || (is_listening(tcp_port_) && is_listening(web_socket_port_));
  });
  if (!is_up || process_->poll()) throw base::Error("Mosquitto did not start: " + log());
}

void PluginBroker::kill() {
  process_->signal(SIGKILL);
  process_.reset();
}

void PluginBroker::reload() {
  process_->signal(SIGHUP);
}

bool PluginBroker::is_alive() {
  return process_ && !process_->poll();
}

std::string PluginBroker::verdict() {
  if (!process_) return "";
  const auto early = process_->poll();
  process_->signal(SIGTERM);
  const auto ended = early ? early : process_->wait_for(20s);
  process_.reset();
  if (early || !ended || !ended->is_success()) {
    return (ended ? ended->text() : std::string{"it does not end"}) + ": " + log();
  }
  return "";
}

void PluginBroker::trust(const std::vector<wire::PublicKey>& keys) const {
  write_trust(wire::to_trust_text({wire::own_issuer(keys)}));
}

void PluginBroker::write_trust(std::string_view text) const {
  base::write_private_file(folder_.path() / "trust.json", text);
}

void PluginBroker::remove_trust() const {
  std::filesystem::remove(folder_.path() / "trust.json");
}

void PluginBroker::deny(const wire::DenyList& denied) const {
  write_denied(wire::to_text(denied));
}

void PluginBroker::write_denied(std::string_view text) const {
  base::write_private_file(folder_.path() / "denied.json", text);
}

std::string PluginBroker::log() const {
  return content_of(folder_.path() / "log");
}

std::size_t PluginBroker::memory_bytes() const {
  std::ifstream file{"/proc/" + std::to_string(process_->pid()) + "/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::milliseconds PluginBroker::processor_time() const {
  std::string stat = content_of("/proc/" + std::to_string(process_->pid()) + "/stat");
  // The name in brackets may hold anything; 11 fields follow it before utime and stime.
  std::istringstream fields{stat.substr(stat.rfind(')') + 1)};
  std::string skipped;
  for (int field = 0; field < 11; ++field) fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  fields >> user >> system;
  return std::chrono::milliseconds{(user + system) * 1000 / ::sysconf(_SC_CLK_TCK)};
}

}  // namespace support
