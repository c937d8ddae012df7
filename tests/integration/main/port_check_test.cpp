#include "main/embedded/port_check.hpp"

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <vector>

using embedded::PortUse;

namespace {

// Somebody else's server: listens on a port that the kernel chose.
struct Stranger {
  Stranger() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket.get(), any, size) == 0);
    REQUIRE(::listen(socket.get(), 1) == 0);
    REQUIRE(::getsockname(socket.get(), any, &size) == 0);
    port = ntohs(address.sin_port);
  }

  base::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;
};

std::string refusal(const std::vector<PortUse>& uses) {
  try {
    embedded::check_ports(uses);
    return "free";
  } catch (const base::Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a port that somebody listens on is named with its option", "[integration][ports]") {
  const Stranger stranger;
  const std::string port = std::to_string(stranger.port);
  // On an address of its own: on 127.0.0.1 any client's connection may have the next number.
  const auto free = static_cast<std::uint16_t>(stranger.port ^ 1U);
  CHECK(
      refusal({{"--http-port", "127.77.0.1", free}, {"--mqtt-port", "127.0.0.1", stranger.port}}) ==
      "port " + port +
          " on 127.0.0.1 is in use: stop the program that uses it, or choose another with "
          "--mqtt-port");
  CHECK_FALSE(embedded::is_port_free("localhost", stranger.port));
}

TEST_CASE("free ports are left free", "[integration][ports]") {
  // Another program of this machine may take the port between two looks: then another one is tried.
  int left_free = 0;
  for (int attempt = 0; attempt < 10 && left_free < 3; ++attempt) {
    std::uint16_t port = 0;
    { port = Stranger{}.port; }
    left_free = (refusal({{"--http-port", "localhost", port}}) == "free" ? 1 : 0) +
                (refusal({{"--http-port", "0.0.0.0", port}}) == "free" ? 1 : 0) +
                (embedded::is_port_free("127.0.0.1", port) ? 1 : 0);
  }
  CHECK(left_free == 3);
}

TEST_CASE("one port for two servers is refused", "[integration][ports]") {
  CHECK(refusal({{"--http-port", "127.0.0.1", 8080}, {"--mqtt-port", "127.0.0.1", 8080}}) ==
        "port 8080 is given twice: --http-port and --mqtt-port must differ");
}

TEST_CASE("a host that is not this machine is refused", "[integration][ports]") {
  CHECK(refusal({{"--http-port", "203.0.113.1", 8080}}) ==
        "203.0.113.1 is not an address of this machine: choose another with --host");
  CHECK(refusal({{"--http-port", "no such host", 8080}}) ==
        "no such host has no IPv4 address: choose another with --host");
}
