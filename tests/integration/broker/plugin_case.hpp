#pragma once

#include "support/plugin_broker.hpp"
#include "unit/wire/token_forge.hpp"

#include <chrono>
#include <string>

/// A broker that trusts one key, and whoever has that key. At the end of a case it must have run
/// all the time, and end without a complaint of the sanitizers.
class PluginCase {
 public:
  PluginCase() : PluginCase{support::PluginBroker::Options{}, /*is_trusted=*/true} {}
  PluginCase(support::PluginBroker::Options options, bool is_trusted);
  PluginCase(const PluginCase&) = delete;
  PluginCase& operator=(const PluginCase&) = delete;
  ~PluginCase();

 protected:
  /// Of the broker's time.
  [[nodiscard]] std::string token_of(const std::string& sub,
                                     std::chrono::seconds life = std::chrono::hours{1}) const;
  [[nodiscard]] static support::Connect login(const std::string& sub, const std::string& token);

  [[nodiscard]] support::MqttClient stranger(
      support::Mqtt version, support::Transport transport = support::Transport::kTcp) const {
    return {broker.port(transport), version, transport};
  }
  /// Logged in with `token`, under the client id `own-<sub>.1`.
  [[nodiscard]] support::MqttClient client(
      support::Mqtt version,
      const std::string& sub,
      const std::string& token,
      support::Transport transport = support::Transport::kTcp) const;
  /// A service account.
  [[nodiscard]] support::MqttClient service(const std::string& name,
                                            const std::string& id = "1") const;

  /// Whether a login with `token` succeeds.
  [[nodiscard]] bool admits(const std::string& sub, const std::string& token) const;
  /// Whether everything still works for those who behave.
  [[nodiscard]] bool is_sound() const;

  TokenForge forge;
  mutable support::PluginBroker broker;
};

/// What the plugin says in a message about a token.
[[nodiscard]] std::string state_of(const support::Delivery& notice);

inline constexpr std::uint8_t kAccepted = 0x00;
inline constexpr std::uint8_t kNotAuthorized = 0x87;         // MQTT 5
inline constexpr std::uint8_t kAdministrativeAction = 0x98;  // MQTT 5
inline constexpr auto kAnnsTopic = "earshot/v1/token/own-ann";
inline constexpr auto kControl = "$CONTROL/earshot/v1";

/// How each version refuses a login, and a filter.
[[nodiscard]] constexpr std::uint8_t refused_login(support::Mqtt version) {
  return version == support::Mqtt::k5 ? kNotAuthorized : 5;
}
[[nodiscard]] constexpr std::uint8_t refused_filter(support::Mqtt version) {
  return version == support::Mqtt::k5 ? kNotAuthorized : 0x80;
}
