// Makes the whole test program an ordinary user, as `earshot up` does: PostgreSQL refuses root.
#include "main/embedded/privileges.hpp"

// What declares Catch2's listeners.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>

namespace {

struct OrdinaryUser : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;

  void testRunStarting(const Catch::TestRunInfo& /*run*/) override {
    char name[] = "/tmp/earshot-test-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name);
    embedded::drop_privileges(folder);
    std::filesystem::remove(folder);
  }
};

}  // namespace

CATCH_REGISTER_LISTENER(OrdinaryUser)
