#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace embedded {

/// A port that a server is about to listen on, and the option that chooses it.
struct PortUse {
  std::string_view option;  // "--mqtt-port"
  std::string host;         // As the user gave it: "127.0.0.1", "localhost", "0.0.0.0".
  std::uint16_t port = 0;
};

/// Tries all of `uses`, and leaves them free.
///
/// Errors: base::Error, one line naming the port that cannot be had, why, and the option.
void check_ports(std::span<const PortUse> uses);

/// True when a server could listen there now.
[[nodiscard]] bool is_port_free(const std::string& host, std::uint16_t port);

/// The IPv4 address of `host`, in numbers. Errors: base::Error that names --host.
[[nodiscard]] std::string ipv4_address(const std::string& host);

}  // namespace embedded
