#include "support/scratch_folder.hpp"

#include "base/random.hpp"

#include <fstream>
#include <iterator>

namespace support {

ScratchFolder::ScratchFolder()
    : path_{std::filesystem::temp_directory_path() / ("earshot-test-" + base::random_text(12))} {
  std::filesystem::create_directory(path_);
  std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace support
