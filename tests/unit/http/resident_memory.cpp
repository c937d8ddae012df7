#include "unit/http/resident_memory.hpp"

#include <unistd.h>

#include <fstream>

namespace http_test {

// Source: proc(5), /proc/[pid]/statm: the second number counts resident pages.
std::size_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t size = 0;
  std::size_t pages = 0;
  statm >> size >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace http_test
