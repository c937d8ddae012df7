#include "base/private_file.hpp"

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace base {
namespace {

[[noreturn]] void fail_to_write(const std::filesystem::path& path) {
  const bool is_full = errno == ENOSPC || errno == EDQUOT;
  throw Error{fmt::format("cannot write {}: {}{}",
                          path.string(),
                          std::strerror(errno),
                          is_full ? "; free some space and start again" : "")};
}

bool is_there(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return false;
  if ((facts.st_mode & 0777) != mode || facts.st_uid != ::geteuid()) return false;
  std::ifstream file{path, std::ios::binary};
  return std::string{std::istreambuf_iterator<char>{file}, {}} == content;
}

void write_whole(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  if (is_there(path, content, mode)) return;  // A full disk is no hindrance then.
  const std::filesystem::path unfinished = path.string() + ".new";
  {
    const FileDescriptor file{
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file || ::fchmod(file.get(), mode) != 0) fail_to_write(path);
    for (std::string_view rest = content; !rest.empty();) {
      const ssize_t written = ::write(file.get(), rest.data(), rest.size());
      if (written <= 0) fail_to_write(path);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) fail_to_write(path);
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) fail_to_write(path);
  sync_folder(path.parent_path());
}

}  // namespace

void write_private_file(const std::filesystem::path& path, std::string_view content) {
  write_whole(path, content, 0600);
}

void write_group_file(const std::filesystem::path& path, std::string_view content) {
  write_whole(path, content, 0640);
}

void sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened || ::fsync(opened.get()) != 0) fail_to_write(folder);
}

std::string read_small_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::string content{std::istreambuf_iterator<char>{file}, {}};
  while (!content.empty() && content.back() == '\n') content.pop_back();
  return content;
}

}  // namespace base
