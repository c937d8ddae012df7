#include "main/embedded/data_directory.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/private_file.hpp"
#include "base/time_text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace embedded {
namespace {

constexpr int kMarkVersion = 1;
constexpr std::string_view kMark = "earshot.json";
constexpr std::string_view kPid = "earshot.pid";  // Only for the error line: the lock is the lock.
constexpr std::size_t kRuntimePathBytesMax = 90;

std::filesystem::path made_folder(const std::filesystem::path& path) {
  const bool has_control = std::ranges::any_of(
      path.string(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (has_control) throw base::Error{"the name of --data-dir has a control character in it"};
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error || (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)) {
    throw base::Error{
        fmt::format("cannot make the data directory {}: {}; choose another with --data-dir",
                    path.string(),
                    error ? error.message() : std::strerror(errno))};
  }
  auto canonical = std::filesystem::canonical(path, error);
  if (!error) return canonical;
  throw base::Error{fmt::format("cannot enter {}: {}; choose another directory with --data-dir",
                                path.string(),
                                error.message())};
}

// In /tmp anybody may have made it before: it has to be a real folder of ours that only we enter.
bool is_private_folder_of_ours(const std::filesystem::path& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) return false;
  return facts.st_uid == ::geteuid() && (facts.st_mode & 0077) == 0;
}

std::filesystem::path made_runtime_folder(const std::filesystem::path& data_path) {
  const std::size_t hash = std::hash<std::string>{}(data_path.string());
  const std::string name = fmt::format("earshot-{}-{:016x}", ::geteuid(), hash);

  const char* const session = std::getenv("XDG_RUNTIME_DIR");
  const bool has_session = session != nullptr && is_private_folder_of_ours(session);
  std::filesystem::path path = std::filesystem::path{has_session ? session : "/tmp"} / name;
  if (path.string().size() > kRuntimePathBytesMax) path = std::filesystem::path{"/tmp"} / name;

  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw base::Error{fmt::format("cannot make {}: {}", path.string(), std::strerror(errno))};
  }
  if (!is_private_folder_of_ours(path)) {
    throw base::Error{fmt::format("{} belongs to somebody else: remove it", path.string())};
  }
  return path;
}

}  // namespace

DataDirectory::DataDirectory(const std::filesystem::path& path) : path_{made_folder(path)} {
  lock();
  check_or_write_mark();
  base::write_private_file(path_ / kPid, fmt::format("{}\n", ::getpid()));
  runtime_path_ = made_runtime_folder(path_);
}

DataDirectory::~DataDirectory() {
  std::error_code ignored;
  std::filesystem::remove(path_ / kPid, ignored);
  std::filesystem::remove(runtime_path_, ignored);  // Only if empty: a socket in it is in use.
}

// The folder itself is locked, so that nothing is written into one that turns out not to be ours.
void DataDirectory::lock() {
  folder_ = base::FileDescriptor{::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder_) {
    throw base::Error{
        fmt::format("cannot open the data directory {}: {}; choose another with --data-dir",
                    path_.string(),
                    std::strerror(errno))};
  }
  if (::flock(folder_.get(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) {
    throw base::Error{fmt::format("cannot lock {}: {}", path_.string(), std::strerror(errno))};
  }
  const std::string holder = base::read_small_file(path_ / kPid);
  throw base::Error{fmt::format(
      "another earshot (pid {}) is using {}: stop it, or choose another with --data-dir",
      holder.empty() ? "unknown" : holder,
      path_.string())};
}

void DataDirectory::check_or_write_mark() const {
  if (is_empty_or_absent(path_)) {
    const base::Json mark{{"earshot", kMarkVersion},
                          {"created_at", base::utc_text(std::chrono::system_clock::now())}};
    base::write_private_file(path_ / kMark, base::to_text(mark) + "\n");
    return;
  }
  if (!is_marked(path_)) throw base::Error{not_ours_text(path_)};
  const auto mark = base::Json::parse(base::read_small_file(path_ / kMark), nullptr, false);
  const bool is_readable =
      mark.is_object() && mark.contains("earshot") && mark["earshot"].is_number_unsigned();
  if (!is_readable) {
    throw base::Error{
        fmt::format("{} is damaged: restore it, or choose another directory with --data-dir",
                    (path_ / kMark).string())};
  }
  if (mark["earshot"].get<unsigned>() > static_cast<unsigned>(kMarkVersion)) {
    throw base::Error{
        fmt::format("{} was made by a newer earshot (layout {}, this one knows {}): use that "
                    "version, or choose "
                    "another directory with --data-dir",
                    path_.string(),
                    mark["earshot"].get<unsigned>(),
                    kMarkVersion)};
  }
}

bool is_empty_or_absent(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::directory_iterator entries{path, error};
  if (error) return error == std::errc::no_such_file_or_directory;
  return std::all_of(begin(entries), end(entries), [](const auto& entry) {
    // A killed first start leaves the one, a freshly made file system the other.
    const auto name = entry.path().filename();
    return name == std::string{kMark} + ".new" || name == "lost+found";
  });
}

bool is_marked(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path / kMark, ignored);
}

std::string not_ours_text(const std::filesystem::path& path) {
  return fmt::format(
      "{} is not empty and was not made by earshot: choose an empty or new directory with "
      "--data-dir",
      path.string());
}

}  // namespace embedded
