#include "support/pg_server.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "support/eventually.hpp"

#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace support {
namespace {

using namespace std::chrono_literals;

constexpr auto kPrograms = "/usr/lib/postgresql/15/bin/";

// PostgreSQL refuses root, who lends the server to the user of Debian's package.
std::vector<std::string> as_ordinary_user(std::vector<std::string> command) {
  if (::geteuid() != 0) return command;
  // A change of user would clear the signal that ends the server with its parent.
  std::vector<std::string> whole{"/usr/bin/setpriv",
                                 "--reuid=postgres",
                                 "--regid=postgres",
                                 "--init-groups",
                                 "--pdeathsig=SIGQUIT",
                                 "--"};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

void lend_to_ordinary_user(const std::filesystem::path& path) {
  if (::geteuid() != 0) return;
  const passwd* const user = ::getpwnam("postgres");
  if (user == nullptr || ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw base::Error{"the user postgres cannot be lent " + path.string()};
  }
}

// Outside what the kernel lends to outgoing connections. Another program may take it first.
int any_port() {
  std::random_device random;
  return std::uniform_int_distribution<int>{20'000, 31'999}(random);
}

}  // namespace

PgServer::PgServer() : data_{folder_.path() / "data"}, password_{base::random_text(20)} {
  make_cluster();
  start();
}

PgServer::PgServer(const std::filesystem::path& disk)
    : data_{disk / "data"}, password_{base::random_text(20)} {
  lend_to_ordinary_user(disk);
  make_cluster();
  start();
}

PgServer::~PgServer() {
  thaw();
}

std::string PgServer::url() const {
  return "postgresql://postgres:" + password_ + "@127.0.0.1:" + std::to_string(port_) + "/postgres";
}

void PgServer::freeze() {
  process_->signal(SIGSTOP);  // First, so that it makes no more.
  freeze_processes();
}

void PgServer::freeze_processes() {
  for (const pid_t pid : processes()) ::kill(pid, SIGSTOP);
}

void PgServer::thaw() {
  for (const pid_t pid : processes()) ::kill(pid, SIGCONT);
  process_->signal(SIGCONT);
}

void PgServer::die() {
  for (const pid_t pid : processes()) ::kill(pid, SIGKILL);
  process_->signal(SIGKILL);
  static_cast<void>(process_->wait_for(10s));
  // Its own next start would do the same, but is_ready() reads it before.
  std::filesystem::remove(data_ / "postmaster.pid");
}

void PgServer::stop_at_once() {
  process_->signal(SIGQUIT);
  static_cast<void>(process_->wait_for(10s));
}

void PgServer::forget_log_from(const std::string& name, std::size_t place) {
  const auto folder = data_ / "pg_wal";
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    const std::string file = entry.path().filename();
    if (!entry.is_regular_file() || file < name) continue;
    const std::size_t begin = file == name ? place : 0;
    std::fstream log{entry.path(), std::ios::in | std::ios::out | std::ios::binary};
    log.seekp(static_cast<std::streamoff>(begin));
    log << std::string(entry.file_size() - begin, '\0');
  }
}

void PgServer::become_standby() {
  process_->stop();
  std::ofstream{data_ / "standby.signal"}.close();
  lend_to_ordinary_user(data_ / "standby.signal");
  start();
}

void PgServer::make_cluster() {
  lend_to_ordinary_user(folder_.path());
  const auto password_file = folder_.path() / "password";
  std::ofstream{password_file} << password_;
  lend_to_ordinary_user(password_file);
  const auto log = folder_.path() / "initdb.log";
  const auto status = base::run_program(as_ordinary_user({std::string{kPrograms} + "initdb",
                                                          "--pgdata=" + data_.string(),
                                                          "--username=postgres",
                                                          "--pwfile=" + password_file.string(),
                                                          "--encoding=UTF8",
                                                          "--locale=C.UTF-8",
                                                          "--auth=scram-sha-256",
                                                          "--no-sync"}),
                                        {.log_file = log},
                                        60s);
  if (!status.is_success()) throw base::Error{"initdb failed: " + base::last_lines(log, 5)};
}

void PgServer::start() {
  const auto log = folder_.path() / "server.log";
  const auto status_file = data_ / "postmaster.pid";
  // Its eighth line says how far it is.
  const auto is_ready = [&] {
    const std::string content = content_of(status_file);
    return content.find("\nready") != std::string::npos ||
           content.find("\nstandby") != std::string::npos;
  };
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (port_ == 0 || attempt > 0) port_ = any_port();
    process_ = std::make_unique<base::ChildProcess>(
        as_ordinary_user({std::string{kPrograms} + "postgres",
                          "-D",
                          data_.string(),
                          "-p",
                          std::to_string(port_),
                          "-k",
                          folder_.path(),
                          "-c",
                          "listen_addresses=127.0.0.1",
                          "-c",
                          "fsync=off",
                          "-c",
                          "full_page_writes=off"}),
        base::ChildOptions{.working_dir = "/tmp",
                           .log_file = log,
                           .death_signal = SIGQUIT,
                           .stop_steps = {{SIGINT, 10s}, {SIGQUIT, 5s}}});
    if (eventually([&] { return process_->poll() || is_ready(); }) && !process_->poll()) return;
  }
  throw base::Error{"PostgreSQL did not start: " + base::last_lines(log, 5)};
}

std::vector<pid_t> PgServer::processes() const {
  const std::string server = std::to_string(process_->pid());
  std::ifstream children{"/proc/" + server + "/task/" + server + "/children"};
  return {std::istream_iterator<pid_t>{children}, std::istream_iterator<pid_t>{}};
}

Frozen::Frozen(pid_t pid) : pid_{pid} {
  ::kill(pid_, SIGSTOP);
}

Frozen::~Frozen() {
  ::kill(pid_, SIGCONT);
}

}  // namespace support
