#include "broker/plugin/watched_file.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <iterator>

namespace broker {

std::optional<std::string> WatchedFile::read_if_changed() {
  constexpr std::uint64_t kBytesMax = 4 * 1024 * 1024;
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return std::nullopt;
  const Stamp now{
      .device = status.st_dev,
      .inode = status.st_ino,
      .changed_at_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec,
      .bytes = static_cast<std::uint64_t>(status.st_size)};
  if (now == seen_ || now.bytes > kBytesMax) return std::nullopt;
  std::ifstream file{path_, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) return std::nullopt;
  seen_ = now;
  return text;
}

}  // namespace broker
