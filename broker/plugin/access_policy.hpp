#pragma once

#include "wire/caller.hpp"

#include <cstddef>
#include <string_view>

/// Who may do what on the broker: pure functions of a caller and a name. docs/security.md has the
/// same as a table. Whatever is not allowed here is refused.
namespace broker {

/// Where a client hands in a fresh token for the connection it has.
inline constexpr std::string_view kControlTopic = "$CONTROL/earshot/v1";

struct PolicyOptions {
  // How many letters of a place a filter must fix: 4 are about 39 km by 20 km. 0 allows the world.
  std::size_t geo_letters_min{4};
};

/// `<caller>.<something>`: nobody can take over a client id, and with it the connection, of
/// somebody else. Limits: `[A-Za-z0-9_.-]`, 256 bytes.
[[nodiscard]] bool may_connect_as(const wire::Caller& caller, std::string_view client_id);

/// Whether everything that could ever match `filter` may be read by `caller`. A filter is judged as
/// a set: `+` and `#` are as wide as they can be, and a shared subscription is no topic of ours.
/// Limits: 512 bytes.
[[nodiscard]] bool may_subscribe(const wire::Caller& caller,
                                 std::string_view filter,
                                 const PolicyOptions& options = {});

/// Only their own ingest topics, and the control topic. Nothing retained.
[[nodiscard]] bool may_publish(const wire::Caller& caller,
                               std::string_view topic,
                               bool is_retained);

}  // namespace broker
