#pragma once

#include "engine/requests/authenticator.hpp"
#include "http/router.hpp"

#include <string>
#include <vector>

namespace engine::requests {

/// How clients reach the broker, and the account they share until each has their own.
struct BrokerAccess {
  std::vector<std::string> urls;  // As given; empty: made from the request's host and the ports.
  int mqtt_port{1883};
  int mqtt_ws_port{9001};
  bool is_mqtt_open{false};  // Whether TCP is reached from other machines; the embedded one is not.
  std::string username;      // May only read geo, head and status topics.
  std::string password;
};

/// `GET /v1/broker`: all that an MQTT client needs to subscribe.
void mount_broker_routes(http::Router& router,
                         const Authenticator& authenticator,
                         const BrokerAccess& access);

}  // namespace engine::requests
