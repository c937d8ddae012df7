#include "support/small_disk.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <vector>

namespace support {
namespace {

void need(bool is_done, const char* what) {
  if (!is_done) throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace

SmallDisk::SmallDisk(int mebibytes) {
  // What is mounted here is mounted for nobody else, and goes when the last of us has ended.
  need(::unshare(CLONE_NEWNS) == 0, "a space of its own for mounts");
  need(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "to share no mounts");
  const std::string size = "size=" + std::to_string(mebibytes) + "m,mode=700";
  need(::mount("earshot-test", path().c_str(), "tmpfs", 0, size.c_str()) == 0, "a small disk");
}

SmallDisk::~SmallDisk() {
  ::umount2(path().c_str(), MNT_DETACH);
}

void SmallDisk::fill() const {
  // From large blocks to small: the last page goes too.
  std::ofstream ballast{path() / "ballast", std::ios::binary | std::ios::app};
  for (std::size_t size : {std::size_t{1} << 20, std::size_t{4096}}) {
    const std::vector<char> block(size);
    while (ballast.write(block.data(), static_cast<std::streamsize>(size)).flush()) {
    }
    ballast.clear();
  }
}

void SmallDisk::free() const {
  std::filesystem::remove(path() / "ballast");
}

}  // namespace support
