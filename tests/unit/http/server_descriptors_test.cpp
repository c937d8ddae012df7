#include "support/eventually.hpp"
#include "unit/http/raw_client.hpp"
#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>

#include <chrono>
#include <vector>

using namespace std::chrono_literals;
using http_test::get;
using http_test::RawClient;
using http_test::ServerFixture;

namespace {

/// The process may open so many descriptors, until the end of the scope.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lower{.rlim_cur = limit, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

int next_descriptor() {
  const base::FileDescriptor probe{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  return probe.get();
}

std::chrono::microseconds cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace

// Checks come after the scope of a limit: UBSan itself opens pipes to look at objects.

TEST_CASE_METHOD(ServerFixture,
                 "without descriptors the server pauses instead of spinning",
                 "[unit][http]") {
  std::chrono::microseconds used{};
  bool was_left_out = false;
  int status = 0;
  RawClient client;
  {
    const DescriptorLimit limit{static_cast<rlim_t>(next_descriptor()) + 10};
    std::vector<base::FileDescriptor> hoard;
    while (true) {
      base::FileDescriptor one{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
      if (!one) break;
      hoard.push_back(std::move(one));
    }
    client.connect(port());
    client.send(get("/v1/things/7"));
    const auto before = cpu_time();
    was_left_out = client.is_silent_for(500ms);
    used = cpu_time() - before;
    hoard.clear();
    status = client.receive().status;
  }
  CHECK(was_left_out);
  CHECK(used < 250ms);
  CHECK(status == 200);
}

TEST_CASE_METHOD(ServerFixture,
                 "silent clients give their descriptors back when they run out",
                 "[unit][http]") {
  std::vector<RawClient> silent(48);
  std::vector<RawClient> honest(10);
  int answered = 0;
  {
    // Their sockets exist; what runs out are those of the server, which is in this process too.
    const DescriptorLimit limit{static_cast<rlim_t>(next_descriptor()) + 32};
    for (RawClient& client : silent) client.connect(port());
    for (RawClient& client : honest) {
      client.connect(port());
      if (client.send(get("/v1/things/7")).receive().status == 200) ++answered;
    }
  }
  CHECK(answered == 10);
}
