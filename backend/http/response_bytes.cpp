#include "http/response_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <string_view>
#include <utility>

namespace http {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 27> kReasons{{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
}};

/// Empty for an unknown status: RFC 9112, section 4 allows it, and no client reads it.
std::string_view reason_of(int status) {
  const auto* const found = std::find_if(
      kReasons.begin(), kReasons.end(), [status](const auto& row) { return row.first == status; });
  return found == kReasons.end() ? std::string_view{} : found->second;
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char letter) {
    return letter == '\r' || letter == '\n' || letter == '\0';
  });
}

void append_date(std::string& head, std::chrono::system_clock::time_point now) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  // Not strftime: its names of days would follow the locale.
  fmt::format_to(std::back_inserter(head),
                 "Date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n",
                 kDays.at(static_cast<std::size_t>(utc.tm_wday)),
                 utc.tm_mday,
                 kMonths.at(static_cast<std::size_t>(utc.tm_mon)),
                 utc.tm_year + 1900,
                 utc.tm_hour,
                 utc.tm_min,
                 utc.tm_sec);
}

}  // namespace

std::string response_head(const Response& response,
                          AfterAnswer after,
                          std::chrono::system_clock::time_point now) {
  std::string head;
  head.reserve(512);
  const auto add = std::back_inserter(head);
  fmt::format_to(add, "HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  append_date(head, now);
  if (after == AfterAnswer::kClose) head += "Connection: close\r\n";
  if (after == AfterAnswer::kKeepHttp1_0) head += "Connection: keep-alive\r\n";
  if (!is_bodiless(response.status)) {
    fmt::format_to(add, "Content-Length: {}\r\n", response.body.size());
    if (!response.content_type.empty() && is_one_line(response.content_type)) {
      fmt::format_to(add, "Content-Type: {}\r\n", response.content_type);
    }
  }
  for (const auto& [name, value] : response.headers) {
    if (!is_one_line(name) || !is_one_line(value)) continue;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head.append("\r\n");
}

bool is_bodiless(int status) {
  return status == 204 || status == 304;
}

}  // namespace http
