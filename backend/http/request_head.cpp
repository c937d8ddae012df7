#include "http/request_head.hpp"

#include "http/transport_problem.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace http {
namespace {

using transport_problem::malformed_request;
using Refusal = std::optional<wire::Problem>;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::array<std::string_view, 7> kMethods{
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
// Two of these would be two meanings. `authorization` is not here: joined, it is no valid token.
constexpr std::array<std::string_view, 6> kSingleHeaders{
    "content-length", "content-type", "expect", "host", "idempotency-key", "origin"};

bool is_alphanumeric(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= 'a' && letter <= 'z');
}

bool is_control(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return byte < 0x20 || byte == 0x7f;
}

bool consists_of(std::string_view text, std::string_view punctuation) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [punctuation](char letter) {
    return is_alphanumeric(letter) || punctuation.find(letter) != std::string_view::npos;
  });
}

bool is_token(std::string_view text) {
  return consists_of(text, "!#$%&'*+-.^_`|~");
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(
      text.begin(), text.end(), [](char letter) { return letter > 0x20 && letter < 0x7f; });
}

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Refusal read_request_line(std::string_view line, const HeadLimits& limits, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return malformed_request("The request line must be: method, path, version.");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method) || (version != "HTTP/1.1" && version != "HTTP/1.0")) {
    return malformed_request("Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  }
  if (target.size() > limits.target_bytes_max) return transport_problem::uri_too_long();
  if (!is_visible_ascii(target)) {
    return malformed_request("The path has characters that must be percent-encoded.");
  }
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return wire::problem::method_not_allowed(kKnownMethods);
  }
  head.method = method;
  head.target = target;
  head.is_http_1_0 = version == "HTTP/1.0";
  return std::nullopt;
}

Refusal read_header(std::string_view line, const HeadLimits& limits, RequestHead& head) {
  if (line.size() > limits.line_bytes_max) return wire::problem::too_many_headers();
  const std::size_t colon = line.find(':');
  // A folded line begins with a space and so has no valid name either.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return malformed_request("A header must be a name, a colon and a value.");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(), [](char letter) {
        return is_control(letter) && letter != '\t';
      })) {
    return malformed_request("A header has a control character.");
  }
  const std::string name = lower_case(line.substr(0, colon));
  const auto [at, is_new] = head.headers.try_emplace(name, value);
  if (is_new) return std::nullopt;
  if (std::find(kSingleHeaders.begin(), kSingleHeaders.end(), name) != kSingleHeaders.end()) {
    return malformed_request("A header that may occur once occurs twice.");
  }
  at->second.append(value.empty() ? "," : ", ").append(value);  // A value ends with no space.
  return std::nullopt;
}

/// Everything that gives a body a second length, or an answer a second shape, is refused.
Refusal check_meaning(const Headers& headers) {
  const auto host = headers.find("host");
  if (host == headers.end() || !consists_of(host->second, "-._:[]")) {
    return malformed_request("The Host header must be there, once, and name a host.");
  }
  if (headers.contains("transfer-encoding")) {
    return malformed_request("Transfer-Encoding is not accepted: send a Content-Length.");
  }
  if (headers.contains("range")) return malformed_request("Range is not accepted.");
  if (headers.contains("content-encoding")) return wire::problem::unsupported_media_type();
  const auto length = headers.find("content-length");
  if (length != headers.end() &&
      (length->second.empty() ||
       length->second.find_first_not_of("0123456789") != std::string::npos)) {
    return malformed_request("The Content-Length header must be a number.");
  }
  const auto expect = headers.find("expect");
  if (expect != headers.end() && lower_case(expect->second) != "100-continue") {
    return malformed_request("The only expectation that can be met is 100-continue.");
  }
  return std::nullopt;
}

}  // namespace

base::Result<RequestHead, wire::Problem> parse_request_head(std::string_view bytes,
                                                            const HeadLimits& limits) {
  RequestHead head;
  std::size_t lines = 0;
  while (true) {
    const std::size_t length = bytes.find(kLineEnd);
    if (length == std::string_view::npos)
      return base::fail(malformed_request("A line has no end."));
    const std::string_view line = bytes.substr(0, length);
    bytes.remove_prefix(length + kLineEnd.size());
    if (line.empty() && lines > 0) break;

    Refusal refusal;
    if (lines == 0) {
      refusal = read_request_line(line, limits, head);
    } else if (lines > limits.headers_max) {
      refusal = wire::problem::too_many_headers();
    } else {
      refusal = read_header(line, limits, head);
    }
    if (refusal) return base::fail(std::move(*refusal));
    ++lines;
  }
  if (!bytes.empty()) return base::fail(malformed_request("The head ends before its bytes do."));
  if (auto refusal = check_meaning(head.headers)) return base::fail(std::move(*refusal));
  return head;
}

std::optional<std::uint64_t> declared_length(const Headers& headers) {
  const auto found = headers.find("content-length");
  if (found == headers.end()) return std::nullopt;
  const std::string& text = found->second;
  std::uint64_t length = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
  return read.ec == std::errc{} ? length : std::numeric_limits<std::uint64_t>::max();
}

bool has_connection_option(const Headers& headers, std::string_view option) {
  const auto found = headers.find("connection");
  if (found == headers.end()) return false;
  std::string_view list = found->second;
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (lower_case(trim(list.substr(0, comma))) == option) return true;
    if (comma == list.size()) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace http
