// The only file that knows Mosquitto: its callbacks, and what they may and may not do (2.0.11).
#include "base/error.hpp"
#include "broker/plugin/access_control.hpp"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <charconv>
#include <chrono>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace broker {
namespace {

using Verdict = AccessControl::Verdict;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kTickPeriod{1};
constexpr std::chrono::seconds kCounterPeriod{10};

/// One plugin in one broker. All callbacks come on the broker's one thread.
struct Plugin {
  base::SystemClock clock;
  AccessControl access;
  steady_clock::time_point next_tick{};
  steady_clock::time_point next_counters{};

  explicit Plugin(AccessOptions options)
      : access{std::move(options), clock, [](const std::string& warning) {
                 mosquitto_log_printf(MOSQ_LOG_WARNING, "earshot: %s", warning.c_str());
               }} {}
};

std::string_view text_of(const char* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

/// Nothing may be thrown into C, and what cannot be decided is refused.
template <class Decide>
int guarded(int if_thrown, Decide&& decide) noexcept {
  try {
    return decide();
  } catch (const std::exception& error) {
    mosquitto_log_printf(MOSQ_LOG_ERR, "earshot: %s", error.what());
  } catch (...) {
    mosquitto_log_printf(MOSQ_LOG_ERR, "earshot: an exception of unknown type");
  }
  return if_thrown;
}

int on_login(int, void* data, void* user) {
  return guarded(MOSQ_ERR_AUTH, [&] {
    auto& event = *static_cast<mosquitto_evt_basic_auth*>(data);
    auto& plugin = *static_cast<Plugin*>(user);
    const Verdict verdict =
        plugin.access.log_in({.handle = event.client,
                              .client_id = text_of(mosquitto_client_id(event.client)),
                              .username = text_of(event.username),
                              .password = text_of(event.password),
                              .is_clean = mosquitto_client_clean_session(event.client)});
    if (verdict == Verdict::kNotOurs) return int{MOSQ_ERR_PLUGIN_DEFER};
    return int{verdict == Verdict::kYes ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH};
  });
}

int on_access(int, void* data, void* user) {
  return guarded(MOSQ_ERR_ACL_DENIED, [&] {
    const auto& event = *static_cast<const mosquitto_evt_acl_check*>(data);
    auto& access = static_cast<Plugin*>(user)->access;
    Verdict verdict = Verdict::kNo;
    switch (event.access) {
      case MOSQ_ACL_READ:
        verdict = access.receive(event.client);
        break;
      case MOSQ_ACL_WRITE:
        verdict = access.publish(event.client, text_of(event.topic), event.retain);
        break;
      case MOSQ_ACL_SUBSCRIBE:
        verdict = access.subscribe(event.client, text_of(event.topic));
        break;
      case MOSQ_ACL_UNSUBSCRIBE:
        access.unsubscribe(event.client, text_of(event.topic));
        verdict = Verdict::kYes;
        break;
      default:
        break;
    }
    // Service accounts are the access file's; so is whoever has no session any more (a will is sent
    // after the end), and there nobody else is listed.
    if (verdict == Verdict::kNotOurs) return int{MOSQ_ERR_PLUGIN_DEFER};
    return int{verdict == Verdict::kYes ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED};
  });
}

void send(const AccessControl::Message& message) {
  mosquitto_broker_publish_copy(message.client_id.c_str(),
                                message.topic.c_str(),
                                static_cast<int>(message.payload.size()),
                                message.payload.data(),
                                /*qos=*/0,
                                /*retain=*/false,
                                /*properties=*/nullptr);
}

int on_control(int, void* data, void* user) {
  return guarded(MOSQ_ERR_SUCCESS, [&] {
    const auto& event = *static_cast<const mosquitto_evt_control*>(data);
    const std::string_view token{static_cast<const char*>(event.payload),
                                 event.payload == nullptr ? 0 : event.payloadlen};
    const auto reply = static_cast<Plugin*>(user)->access.refresh(event.client, token);
    if (reply) send(*reply);
    return int{MOSQ_ERR_SUCCESS};  // Anything else cuts the connection.
  });
}

int on_end(int, void* data, void* user) {
  return guarded(MOSQ_ERR_SUCCESS, [&] {
    static_cast<Plugin*>(user)->access.log_out(
        static_cast<const mosquitto_evt_disconnect*>(data)->client);
    return int{MOSQ_ERR_SUCCESS};
  });
}

void publish_counters(const AccessControl& access) {
  const AccessControl::Counters& counters = access.counters();
  const auto publish = [](const char* topic, std::uint64_t value) {
    const std::string text = std::to_string(value);
    mosquitto_broker_publish_copy(nullptr,
                                  topic,
                                  static_cast<int>(text.size()),
                                  text.data(),
                                  /*qos=*/0,
                                  /*retain=*/true,
                                  /*properties=*/nullptr);
  };
  publish("$SYS/broker/earshot/sessions", access.sessions());
  publish("$SYS/broker/earshot/logins", counters.logins);
  publish("$SYS/broker/earshot/refused_logins", counters.refused_logins);
  publish("$SYS/broker/earshot/refused_filters", counters.refused_filters);
  publish("$SYS/broker/earshot/refused_publishes", counters.refused_publishes);
  publish("$SYS/broker/earshot/refreshes", counters.refreshes);
  publish("$SYS/broker/earshot/refused_refreshes", counters.refused_refreshes);
  publish("$SYS/broker/earshot/kicks", counters.kicks);
}

// Comes up to thousands of times a second. The only place from which clients may be kicked: inside
// another callback the broker would go on with a client that is gone.
int on_tick(int, void*, void* user) {
  return guarded(MOSQ_ERR_SUCCESS, [&] {
    auto& plugin = *static_cast<Plugin*>(user);
    const auto now = steady_clock::now();
    if (now < plugin.next_tick) return int{MOSQ_ERR_SUCCESS};
    plugin.next_tick = now + kTickPeriod;
    const AccessControl::Due due = plugin.access.tick();
    for (const AccessControl::Message& message : due.messages) send(message);
    for (const std::string& client_id : due.kicks) {
      mosquitto_kick_client_by_clientid(client_id.c_str(), /*with_will=*/false);
    }
    if (now >= plugin.next_counters) {
      plugin.next_counters = now + kCounterPeriod;
      publish_counters(plugin.access);
    }
    return int{MOSQ_ERR_SUCCESS};
  });
}

AccessOptions options_of(std::span<const mosquitto_opt> given) {
  AccessOptions options;
  for (const mosquitto_opt& option : given) {
    const std::string_view key = text_of(option.key);
    const std::string_view value = text_of(option.value);
    if (key == "trust_file") {
      options.trust_file = value;
    } else if (key == "deny_file") {
      options.deny_file = value;
    } else if (key == "geo_letters_min") {
      const auto [end, error] = std::from_chars(
          value.data(), value.data() + value.size(), options.policy.geo_letters_min);
      if (error != std::errc{} || end != value.data() + value.size() ||
          options.policy.geo_letters_min > 7) {
        throw base::Error{"plugin_opt_geo_letters_min is not a number from 0 to 7"};
      }
    } else {
      throw base::Error{"there is no option plugin_opt_" + std::string{key}};
    }
  }
  if (options.trust_file.empty()) throw base::Error{"plugin_opt_trust_file is missing"};
  return options;
}

struct Callback {
  int event;
  MOSQ_FUNC_generic_callback function;
  const char* topic;
};
constexpr Callback kCallbacks[]{{MOSQ_EVT_BASIC_AUTH, on_login, nullptr},
                                {MOSQ_EVT_ACL_CHECK, on_access, nullptr},
                                {MOSQ_EVT_CONTROL, on_control, kControlTopic.data()},
                                {MOSQ_EVT_DISCONNECT, on_end, nullptr},
                                {MOSQ_EVT_TICK, on_tick, nullptr}};

}  // namespace
}  // namespace broker

// What Mosquitto calls by name; its header names the parameters in another way.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

[[gnu::visibility("default")]] int mosquitto_plugin_version(int count, const int* versions) {
  for (int i = 0; i < count; ++i) {
    if (versions[i] == MOSQ_PLUGIN_VERSION) return MOSQ_PLUGIN_VERSION;
  }
  return -1;
}

[[gnu::visibility("default")]] int mosquitto_plugin_init(mosquitto_plugin_id_t* identifier,
                                                         void** user_data,
                                                         mosquitto_opt* options,
                                                         int option_count) {
  return broker::guarded(MOSQ_ERR_UNKNOWN, [&] {
    auto plugin = std::make_unique<broker::Plugin>(
        broker::options_of({options, static_cast<std::size_t>(option_count)}));
    for (const broker::Callback& callback : broker::kCallbacks) {
      const int result = mosquitto_callback_register(
          identifier, callback.event, callback.function, callback.topic, plugin.get());
      if (result != MOSQ_ERR_SUCCESS) return result;
    }
    *user_data = plugin.release();  // Given back by the cleanup below.
    return int{MOSQ_ERR_SUCCESS};
  });
}

[[gnu::visibility("default")]] int mosquitto_plugin_cleanup(void* user_data, mosquitto_opt*, int) {
  const std::unique_ptr<broker::Plugin> plugin{static_cast<broker::Plugin*>(user_data)};
  return MOSQ_ERR_SUCCESS;
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
