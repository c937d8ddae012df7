#include "engine/requests/broker_routes.hpp"

#include "base/random.hpp"
#include "base/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace engine::requests {
namespace {

/// The host a client used to reach us, without its port: "example.org", "127.0.0.1", "[::1]".
std::optional<std::string> host_of(const http::Request& request) {
  const auto header = request.header("host");
  if (!header || header->empty() || header->size() > 255) return std::nullopt;
  const bool is_plain = std::all_of(header->begin(), header->end(), [](char c) {
    return std::string_view{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"}
               .find(c) != std::string_view::npos;
  });
  if (!is_plain) return std::nullopt;
  if (header->front() == '[') {
    const auto end = header->find(']');
    if (end == std::string_view::npos) return std::nullopt;
    return std::string{header->substr(0, end + 1)};
  }
  return std::string{header->substr(0, header->find(':'))};
}

base::Json urls_for(const http::Request& request, const BrokerAccess& access) {
  if (!access.urls.empty()) return access.urls;
  const std::string host = host_of(request).value_or("localhost");
  base::Json urls = base::Json::array();
  urls.push_back(fmt::format("ws://{}:{}/mqtt", host, access.mqtt_ws_port));
  const bool is_here = host == "localhost" || host == "127.0.0.1";
  if (is_here || access.is_mqtt_open) {
    urls.push_back(fmt::format("mqtt://{}:{}", host, access.mqtt_port));
  }
  return urls;
}

}  // namespace

void mount_broker_routes(http::Router& router,
                         const Authenticator& authenticator,
                         const BrokerAccess& access) {
  const auto tell = [&access](const http::Request& request, const wire::VerifiedToken& token) {
    const std::string& caller = token.caller.text();
    // Random behind the caller, so that two windows of one person do not cut each other off.
    return http::json_response(200,
                               {{"urls", urls_for(request, access)},
                                {"client_id", caller + "." + base::random_text(10)},
                                {"username", caller},
                                {"password", std::string{*bearer_token(request)}},
                                {"expires_at", base::utc_text(token.expires_at)}});
  };
  router.add("GET", "/v1/broker", for_callers(authenticator, tell));
}

}  // namespace engine::requests
