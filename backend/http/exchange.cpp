#include "http/exchange.hpp"

#include "base/random.hpp"

#include <algorithm>

namespace http {
namespace {

constexpr std::size_t kRequestIdMax = 64;
constexpr std::size_t kNewIdLength = 16;  // 80 random bits.

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Letters that mean nothing in any log, and no more of them than an id needs.
bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdMax &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= 'a' && letter <= 'z') || letter == '-' || letter == '_' ||
                  letter == '.';
         });
}

bool is_id(std::string_view text) {
  return is_lower_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

/// Source: W3C Trace Context, section 3.2.2: 00-<32>-<16>-<2>, lower-case hexadecimal; neither id
/// is all zeros, and there is no version ff.
bool is_traceparent(std::string_view text) {
  return text.size() == 55 && text[2] == '-' && text[35] == '-' && text[52] == '-' &&
         is_lower_hex(text.substr(0, 2)) && text.substr(0, 2) != "ff" &&
         is_id(text.substr(3, 32)) && is_id(text.substr(36, 16)) &&
         is_lower_hex(text.substr(53, 2));
}

template <class IsGood>
std::string header_if(const Headers& headers, std::string_view name, IsGood is_good) {
  const auto found = headers.find(name);
  return found != headers.end() && is_good(found->second) ? found->second : std::string{};
}

}  // namespace

std::string new_request_id() {
  return base::random_text(kNewIdLength);
}

Exchange exchange_of(const RequestHead& head) {
  Exchange exchange;
  exchange.method = head.method;
  exchange.request_id = header_if(head.headers, "x-request-id", is_request_id);
  if (exchange.request_id.empty()) exchange.request_id = new_request_id();
  exchange.traceparent = header_if(head.headers, "traceparent", is_traceparent);
  exchange.is_http_1_0 = head.is_http_1_0;
  exchange.keeps_connection = head.is_http_1_0
                                  ? has_connection_option(head.headers, "keep-alive") &&
                                        !has_connection_option(head.headers, "close")
                                  : !has_connection_option(head.headers, "close");
  return exchange;
}

}  // namespace http
