#include "main/embedded/probe.hpp"

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

using embedded::Probe;
using namespace std::chrono_literals;

namespace {

// A server in the test's own hands: what it does not do, nobody does.
struct Server {
  Server() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listening.get(), any, size) == 0);
    REQUIRE(::listen(listening.get(), 8) == 0);
    REQUIRE(::getsockname(listening.get(), any, &size) == 0);
    port = ntohs(address.sin_port);
  }

  [[nodiscard]] base::FileDescriptor accept() const {
    return base::FileDescriptor{::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  }

  base::FileDescriptor listening{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;
};

std::string heard(const base::FileDescriptor& socket, std::size_t size) {
  std::string text(size, '\0');
  REQUIRE(::recv(socket.get(), text.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size));
  return text;
}

void say(const base::FileDescriptor& socket, std::string_view text) {
  REQUIRE(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("a question stays open until it is answered, in parts or late", "[integration][probe]") {
  const Server server;
  Probe probe{server.port, "how?", /*answer_size=*/4};
  CHECK_FALSE(probe.ask(10ms));
  const auto socket = server.accept();
  CHECK(heard(socket, 4) == "how?");
  CHECK_FALSE(probe.ask(0ms));
  say(socket, "we");
  CHECK_FALSE(probe.ask(10ms));
  say(socket, "ll!");
  CHECK(probe.ask(5s) == "well");

  CHECK_FALSE(probe.ask(10ms));
  CHECK(heard(server.accept(), 4) == "how?");
}

TEST_CASE("a server that hangs up is there, one that does not listen is not",
          "[integration][probe]") {
  std::uint16_t port = 0;
  {
    const Server server;
    port = server.port;
    Probe probe{port, "how?", /*answer_size=*/4};
    CHECK_FALSE(probe.ask(10ms));
    { const auto refused = server.accept(); }
    CHECK(probe.ask(5s) == "");
  }
  Probe probe{port, "how?", /*answer_size=*/4};
  CHECK_FALSE(probe.ask(1s));
}

TEST_CASE("a probe that is reset asks whoever is there then", "[integration][probe]") {
  const Server server;
  Probe probe{server.port, "how?", /*answer_size=*/4};
  CHECK_FALSE(probe.ask(10ms));
  const auto before = server.accept();
  probe.reset();
  CHECK_FALSE(probe.ask(10ms));
  const auto now = server.accept();
  say(now, "well");
  CHECK(probe.ask(5s) == "well");
}
