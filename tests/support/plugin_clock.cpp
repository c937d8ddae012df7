// Loaded into a broker before everything else: its wall clock shows what a file says, so that a
// test can let minutes pass at once. Clocks that count (timeouts, keep-alive) go on as ever.
//
// Not Debian's libfaketime, because that also bends the counting clocks and wants to be loaded
// first, as AddressSanitizer does; and this needs no package.
//
// The file is mapped, so setting the clock is one store. EARSHOT_TEST_CLOCK names it; it holds
// seconds since 1970 as a 64-bit integer.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

using Seconds = std::atomic<std::int64_t>;

const Seconds* mapped() {
  const char* path = std::getenv("EARSHOT_TEST_CLOCK");
  const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(Seconds), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<const Seconds*>(memory);
}

const Seconds* shown() {
  static const Seconds* const seconds = mapped();
  return seconds;
}

}  // namespace

extern "C" {

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's own.
int clock_gettime(clockid_t clock, timespec* now) noexcept {
  using Function = int (*)(clockid_t, timespec*);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "clock_gettime"));
  if (clock != CLOCK_REALTIME || shown() == nullptr) return real(clock, now);
  *now = {.tv_sec = static_cast<std::time_t>(shown()->load()), .tv_nsec = 0};
  return 0;
}

std::time_t time(std::time_t* now) noexcept {
  timespec at{};
  clock_gettime(CLOCK_REALTIME, &at);
  if (now != nullptr) *now = at.tv_sec;
  return at.tv_sec;
}

int gettimeofday(timeval* now, void*) noexcept {
  timespec at{};
  clock_gettime(CLOCK_REALTIME, &at);
  *now = {.tv_sec = at.tv_sec, .tv_usec = at.tv_nsec / 1000};
  return 0;
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

}  // extern "C"
