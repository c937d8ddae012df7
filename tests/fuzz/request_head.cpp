#include "http/request_head.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "http/head_scanner.hpp"

#include <algorithm>
#include <optional>
#include <string>

// The bytes of a head. What is accepted means one thing, to whoever reads it next, and its end is
// where it is, in whatever pieces it arrives.

const fuzz::Target fuzz::target{.name = "request_head", .mutations = 20'000};

namespace {

using base::check;
using http::RequestHead;

bool is_control(char letter) {
  return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
}

void check_header(const std::string& name, const std::string& value) {
  check(!name.empty(), "a header has a name");
  for (const char letter : name) {
    const bool is_upper = letter >= 'A' && letter <= 'Z';
    check(letter > ' ' && letter < 0x7f && letter != ':' && !is_upper, "a name is a token");
  }
  for (const char letter : value) {
    check(!is_control(letter) || letter == '\t', "a value has no control character");
  }
}

void check_head(const RequestHead& head) {
  check(http::kKnownMethods.find(head.method) != std::string_view::npos, "the method is known");
  check(std::all_of(head.target.begin(),
                    head.target.end(),
                    [](char letter) { return letter > ' ' && letter < 0x7f; }),
        "a target is visible ASCII");
  for (const auto& [name, value] : head.headers) check_header(name, value);
  check(head.headers.contains("host"), "there is a host");
  for (const char* second_meaning : {"transfer-encoding", "content-encoding", "range"}) {
    check(!head.headers.contains(second_meaning), "nothing gives a body a second shape");
  }

  const auto length = head.headers.find("content-length");
  check(http::declared_length(head.headers).has_value() == (length != head.headers.end()),
        "a length is known where it is declared");
  check(length == head.headers.end() ||
            (!length->second.empty() &&
             length->second.find_first_not_of("0123456789") == std::string::npos),
        "a length is one number");
}

std::string text_of(const RequestHead& head) {
  std::string text = head.method + ' ' + head.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : head.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

/// Where a scanner finds the end of a head: nothing where it finds none, 0 where it gives up.
std::optional<std::size_t> end_in(std::string_view input, std::size_t piece) {
  http::HeadScanner scanner{http::HeadLimits{}};
  for (std::size_t arrived = std::min(piece, input.size());; arrived += piece) {
    arrived = std::min(arrived, input.size());
    const auto end = scanner.scan(input.substr(0, arrived));
    if (!end) return 0;
    if (*end) return *end;
    if (arrived == input.size()) return std::nullopt;
  }
}

std::optional<std::size_t> check_end(std::string_view input) {
  const auto end = end_in(input, input.size() + 1);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
    check(end_in(input, piece) == end, "the end of a head does not depend on its pieces");
  }
  check(!end || *end == 0 || input.substr(0, *end).ends_with("\r\n\r\n"),
        "a head ends with an empty line");
  return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input = fuzz::text_of(bytes, size);
  const auto end = check_end(input);
  const auto head = http::parse_request_head(input);
  if (!head) {
    const int status = head.error().status;
    check(status >= 400 && status != 500, "a bad head is the client's fault");
    return 0;
  }
  check_head(*head);
  check(end == size, "a valid head is found, and ends where its bytes do");

  // Repeated headers are one longer line now.
  const auto again = http::parse_request_head(text_of(*head), {.line_bytes_max = 32 * 1024});
  check(again && again->method == head->method && again->target == head->target &&
            again->headers == head->headers,
        "a head that is written down again is the same head");
  return 0;
}
