#include "main/embedded/privileges.hpp"

#include "base/error.hpp"
#include "main/embedded/mosquitto.hpp"
#include "scratch.hpp"

#include <catch2/catch.hpp>

#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using support::ScratchFolder;

namespace {

// Runs `use` in a process of its own, because what it does is for ever; returns what it says.
template <class Use>
std::string in_another_process(Use use) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::string said;
    try {
      said = use();
    } catch (const base::Error& error) {
      said = error.what();
    }
    const bool was_written = ::write(ends[1], said.data(), said.size()) >= 0;
    ::_exit(was_written ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t size = ::read(ends[0], said.data(), said.size());
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return said;
}

std::string drop(const std::filesystem::path& data_dir) {
  return in_another_process([&] {
    embedded::drop_privileges(data_dir);
    const std::string name = ::getpwuid(::geteuid())->pw_name;
    const bool can_return = ::setuid(0) == 0 || ::seteuid(0) == 0;
    const bool is_usable = ::access(data_dir.c_str(), R_OK | W_OK | X_OK) == 0;
    const bool sees_itself = ::access("/proc/self/fd", R_OK) == 0;
    return name + (can_return ? " can return" : "") + (is_usable ? " usable" : "") +
           (sees_itself ? " sees itself" : "") + " " + ::getenv("HOME");
  });
}

bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("skipped: needs root");
  return false;
}

}  // namespace

TEST_CASE("root becomes postgres for ever and owns a new data directory",
          "[integration][privileges]") {
  if (!is_root()) return;
  const ScratchFolder scratch;
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0755});
  const auto data_dir = scratch.path() / "deep" / "data";

  CHECK(drop(data_dir) == "postgres usable sees itself /var/lib/postgresql");

  struct stat facts {};
  REQUIRE(::stat(data_dir.c_str(), &facts) == 0);
  CHECK(facts.st_uid == ::getpwnam("postgres")->pw_uid);
  CHECK((facts.st_mode & 0777) == 0700);
  CHECK(drop(data_dir).starts_with("postgres usable"));
}

TEST_CASE("root becomes the owner of a directory that belongs to somebody",
          "[integration][privileges]") {
  if (!is_root()) return;
  const ScratchFolder scratch;
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0755});
  const auto data_dir = scratch.path() / "data";
  std::filesystem::create_directory(data_dir);
  const passwd* const nobody = ::getpwnam("nobody");
  REQUIRE(::chown(data_dir.c_str(), nobody->pw_uid, nobody->pw_gid) == 0);
  CHECK(drop(data_dir).starts_with("nobody usable"));
}

TEST_CASE("files of root never change their owner", "[integration][privileges]") {
  if (!is_root()) return;
  const ScratchFolder scratch;
  const auto data_dir = scratch.path() / "data";
  std::filesystem::create_directory(data_dir);
  std::ofstream{data_dir / "precious"} << "x";
  CHECK(drop(data_dir) == data_dir.string() +
                              " is not empty and was not made by earshot: choose an empty or new "
                              "directory with --data-dir");
  std::ofstream{data_dir / "earshot.json"} << "{}";
  CHECK(drop(data_dir) ==
        data_dir.string() + " belongs to root: chown -R postgres " + data_dir.string());

  struct stat facts {};
  REQUIRE(::stat(data_dir.c_str(), &facts) == 0);
  CHECK(facts.st_uid == 0);
}

TEST_CASE("a directory that the user cannot reach is named", "[integration][privileges]") {
  const ScratchFolder scratch;
  const auto closed = scratch.path() / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(closed, std::filesystem::perms{0});

  const std::string said = drop(closed / "data");

  const std::string expected =
      " cannot enter " + closed.string() + ": choose another place with --data-dir";
  CHECK(said.starts_with("the user "));
  CHECK(said.ends_with(expected));
  std::filesystem::permissions(closed, std::filesystem::perms{0700});
}

TEST_CASE("the limit of open files becomes the highest allowed", "[integration][privileges]") {
  const std::string said = in_another_process([] {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    embedded::raise_open_files_limit();
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return std::string{limit.rlim_cur == limit.rlim_max ? "highest" : "lower"};
  });
  CHECK(said == "highest");
}

TEST_CASE("a low limit of open files is said with what it means", "[integration][privileges]") {
  const auto said_with = [](rlim_t files) {
    return in_another_process([files] {
      const support::CapturedErrors said;
      const rlimit limit{.rlim_cur = files, .rlim_max = files};
      ::setrlimit(RLIMIT_NOFILE, &limit);
      const ScratchFolder scratch;
      const embedded::DataDirectory data{scratch.path() / "data"};
      const embedded::Mosquitto broker{data, {}, base::Log{}};
      return said.text();
    });
  };
  const std::string low = said_with(256);
  CHECK(low.find("warning  the limit of open files is low") != std::string::npos);
  CHECK(low.find("limit=256") != std::string::npos);
  CHECK(said_with(8192).empty());
}
