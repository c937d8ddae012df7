#pragma once

#include "engine/requests/authenticator.hpp"
#include "http/router.hpp"

#include <string>
#include <vector>

namespace engine::requests {

/// How clients reach the broker.
struct BrokerAccess {
  std::vector<std::string> urls;  // As given; empty: made from the request's host and the ports.
  int mqtt_port{1883};
  int mqtt_ws_port{9001};
  bool is_mqtt_open{false};  // Whether TCP is reached from other machines; the embedded one is not.
};

/// `GET /v1/broker`: all that an MQTT client needs to subscribe. Its password is the token that it
/// asked with, so nothing is told that the client does not have.
void mount_broker_routes(http::Router& router,
                         const Authenticator& authenticator,
                         const BrokerAccess& access);

}  // namespace engine::requests
