#include "main/embedded/port_check.hpp"

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace embedded {
namespace {

// What a try at a port came to: the socket that has it, or the reason against.
struct Attempt {
  base::FileDescriptor socket;
  int error = 0;
};

Attempt try_port(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, ipv4_address(host).c_str(), &address.sin_addr);

  Attempt attempt{.socket = base::FileDescriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}};
  // As all three servers do it: connections of an earlier run in TIME_WAIT do not count.
  const int on = 1;
  ::setsockopt(attempt.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Listening is part of the try: with SO_REUSEADDR two sockets may be bound to one port.
  if (::bind(attempt.socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(attempt.socket.get(), 1) != 0) {
    attempt.error = errno;
  }
  return attempt;
}

std::string explain(const PortUse& use, int error) {
  switch (error) {
    case EADDRINUSE:
      return fmt::format(
          "port {} on {} is in use: stop the program that uses it, or choose another with {}",
          use.port,
          use.host,
          use.option);
    case EACCES:
      return fmt::format(
          "port {} is reserved for root: choose one from 1024 on with {}", use.port, use.option);
    case EADDRNOTAVAIL:
      return fmt::format("{} is not an address of this machine: choose another with --host",
                         use.host);
    default:
      return fmt::format("port {} on {} cannot be used: {}; choose another with {}",
                         use.port,
                         use.host,
                         std::strerror(error),
                         use.option);
  }
}

}  // namespace

void check_ports(std::span<const PortUse> uses) {
  for (std::size_t i = 0; i < uses.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (uses[i].port != uses[j].port) continue;
      throw base::Error{fmt::format("port {} is given twice: {} and {} must differ",
                                    uses[i].port,
                                    uses[j].option,
                                    uses[i].option)};
    }
  }
  for (const PortUse& use : uses) {
    if (const Attempt attempt = try_port(use.host, use.port); attempt.error != 0) {
      throw base::Error{explain(use, attempt.error)};
    }
  }
}

bool is_port_free(const std::string& host, std::uint16_t port) {
  return try_port(host, port).error == 0;
}

std::string ipv4_address(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) {
    throw base::Error{fmt::format("{} has no IPv4 address: choose another with --host", host)};
  }
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  ::freeaddrinfo(found);
  char text[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  return text;
}

}  // namespace embedded
