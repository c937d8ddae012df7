#include "main/embedded/server_log.hpp"

#include "base/child_process.hpp"
#include "base/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace embedded {
namespace {

constexpr std::size_t kCopyBytes = 262'144;
constexpr std::string_view kLineEnd = " | ";  // Of base::last_lines().
constexpr std::string_view kRestore = "the data is damaged: restore a backup";

// What servers say of troubles that an operator can end.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kAdvice{{
    {"No space left on device", "the disk is full: free some space and start again"},
    {"control file", kRestore},
    {"incompatible with server", kRestore},
    {"valid checkpoint record", kRestore},
    {"is not a valid data directory", kRestore},
}};

// Copies until nothing more is there. False: not all could be written.
bool copy_to_end(int from, int to) {
  std::vector<char> part(kCopyBytes);
  while (true) {
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got <= 0) return got == 0;
    if (::write(to, part.data(), static_cast<std::size_t>(got)) != got) return false;
  }
}

}  // namespace

std::string last_words(const std::filesystem::path& log_file, std::size_t lines) {
  std::string words = base::last_lines(log_file, lines);
  for (const auto& [sign, advice] : kAdvice) {
    const std::size_t at = words.find(sign);
    if (at == std::string::npos) continue;
    const std::size_t before = words.rfind(kLineEnd, at);
    const std::size_t begin = before == std::string::npos ? 0 : before + kLineEnd.size();
    const std::string line = words.substr(begin, words.find(kLineEnd, at) - begin);
    return line + "; " + std::string{advice};
  }
  return words;
}

void cut_log(const std::filesystem::path& log_file, std::uintmax_t bytes_max) {
  struct stat facts {};
  if (::stat(log_file.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return;
  if (static_cast<std::uintmax_t>(facts.st_size) <= bytes_max) return;

  const base::FileDescriptor log{::open(log_file.c_str(), O_RDWR | O_CLOEXEC)};
  if (!log) return;
  const std::string kept = log_file.string() + ".1";
  bool is_copied = false;
  {
    const base::FileDescriptor copy{
        ::open(kept.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    is_copied = copy && copy_to_end(log.get(), copy.get());
  }
  [[maybe_unused]] const int cut = ::ftruncate(log.get(), 0);
  if (!is_copied) ::unlink(kept.c_str());
}

}  // namespace embedded
