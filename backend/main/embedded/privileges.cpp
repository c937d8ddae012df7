#include "main/embedded/privileges.hpp"

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "main/embedded/data_directory.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace embedded {
namespace {

constexpr const char* kServiceUser = "postgres";

struct User {
  uid_t uid;
  gid_t gid;
  std::string name;
  std::string home;
};

User user_of(const passwd& entry) {
  return {entry.pw_uid, entry.pw_gid, entry.pw_name, entry.pw_dir};
}

User service_user() {
  const passwd* const entry = ::getpwnam(kServiceUser);
  if (entry == nullptr) {
    throw base::Error{
        "as root, earshot needs the user postgres of Debian's package: apt-get install "
        "postgresql-15"};
  }
  return user_of(*entry);
}

[[noreturn]] void fail_on(const std::filesystem::path& data_dir, int error) {
  throw base::Error{
      fmt::format("cannot use the data directory {}: {}; choose another with --data-dir",
                  data_dir.string(),
                  std::strerror(error))};
}

// Only an empty folder changes its owner. Root's own files never do.
User owner_of_made(const std::filesystem::path& data_dir) {
  std::error_code error;
  std::filesystem::create_directories(data_dir.parent_path(), error);
  if (error) fail_on(data_dir, error.value());
  if (::mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST) fail_on(data_dir, errno);

  const base::FileDescriptor folder{::open(data_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat facts {};
  if (!folder || ::fstat(folder.get(), &facts) != 0) fail_on(data_dir, errno);
  if (facts.st_uid != 0) {
    const passwd* const entry = ::getpwuid(facts.st_uid);
    if (entry == nullptr) {
      throw base::Error{fmt::format(
          "{} belongs to user {}, which does not exist", data_dir.string(), facts.st_uid)};
    }
    return user_of(*entry);
  }

  User user = service_user();
  if (!is_empty_or_absent(data_dir)) {
    if (!is_marked(data_dir)) throw base::Error{not_ours_text(data_dir)};
    throw base::Error{
        fmt::format("{0} belongs to root: chown -R {1} {0}", data_dir.string(), user.name)};
  }
  if (::fchown(folder.get(), user.uid, user.gid) != 0 || ::fchmod(folder.get(), 0700) != 0) {
    fail_on(data_dir, errno);
  }
  return user;
}

void become(const User& user) {
  if (::initgroups(user.name.c_str(), user.gid) != 0 || ::setgid(user.gid) != 0 ||
      ::setuid(user.uid) != 0 || ::setuid(0) == 0) {
    throw base::Error{fmt::format("cannot become the user {}", user.name)};
  }
  ::setenv("HOME", user.home.c_str(), 1);
  ::setenv("USER", user.name.c_str(), 1);
  ::setenv("LOGNAME", user.name.c_str(), 1);
  ::unsetenv("XDG_RUNTIME_DIR");  // It is root's.
  // Without this /proc/self stays root's, and the process cannot look at itself.
  ::prctl(PR_SET_DUMPABLE, 1);
}

void check_way_to(const std::filesystem::path& data_dir) {
  std::filesystem::path step;
  for (const auto& part : data_dir.parent_path()) {
    step /= part;
    if (::access(step.c_str(), X_OK) == 0 || errno != EACCES) continue;
    const passwd* const entry = ::getpwuid(::geteuid());
    throw base::Error{
        fmt::format("the user {} cannot enter {}: choose another place with --data-dir",
                    entry != nullptr ? entry->pw_name : "of earshot",
                    step.string())};
  }
}

}  // namespace

void raise_open_files_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void drop_privileges(const std::filesystem::path& data_dir) {
  if (::geteuid() == 0) become(owner_of_made(data_dir));
  check_way_to(data_dir);
}

void become_owner_of(const std::filesystem::path& path) {
  struct stat facts {};
  if (::geteuid() != 0 || ::stat(path.c_str(), &facts) != 0 || facts.st_uid == 0) return;
  const passwd* const entry = ::getpwuid(facts.st_uid);
  if (entry == nullptr) {
    throw base::Error{
        fmt::format("{} belongs to user {}, which does not exist", path.string(), facts.st_uid)};
  }
  become(user_of(*entry));
}

}  // namespace embedded
