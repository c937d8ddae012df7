#pragma once

#include "main/embedded/mosquitto.hpp"
#include "main/embedded/probe.hpp"

#include <cstdint>
#include <string_view>

namespace embedded {

/// Connects to the broker on 127.0.0.1:`port` as MQTT 3.1.1 client with `credentials`, and leaves.
///
/// Source: MQTT 3.1.1, 3.1 CONNECT and 3.2 CONNACK.
[[nodiscard]] Probe mosquitto_probe(std::uint16_t port, const BrokerCredentials& credentials);

/// What the probe hears from a broker that lets the client in.
inline constexpr std::string_view kConnectionAccepted{"\x20\x02\x00\x00", 4};

}  // namespace embedded
