#pragma once

#include "main/embedded/mosquitto.hpp"

#include <cstdint>

namespace embedded {

/// True when the broker on 127.0.0.1:`port` accepts an MQTT 3.1.1 connection with `credentials`.
///
/// Limits: one second. Source: MQTT 3.1.1, 3.1 CONNECT and 3.2 CONNACK.
[[nodiscard]] bool accepts_connection(std::uint16_t port, const BrokerCredentials& credentials);

}  // namespace embedded
