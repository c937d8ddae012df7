#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

/// Header names in lower case; a repeated header is one value, joined by ", ".
using Headers = std::map<std::string, std::string, std::less<>>;

/// One request that passed every check of this floor, as a handler sees it.
struct Request {
  std::string method;
  std::string path;                                        // Percent-decoded once: "/v1/jobs/3k7".
  std::map<std::string, std::string> path_parameters;      // By the names in the route's pattern.
  std::vector<std::pair<std::string, std::string>> query;  // Percent-decoded once, in order.
  Headers headers;
  std::string body;
  std::string remote_address;  // The peer of the socket; no header can change it.
  std::string request_id{};    // The client's own X-Request-Id, or one that was made for it.
  std::string traceparent{};   // Well-formed, or empty.
  std::stop_token stopping;    // Requested when the server stops: whoever waits, answers now.

  /// The value as it was sent; nothing where the header is absent.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_case_name) const {
    const auto found = headers.find(lower_case_name);
    if (found == headers.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace http
